"""The weekly moderation report: figures from the archive and the log alone, as of the week's end.

`weeks` and `extent` say which entries belong to a week; `counting`, `waiting`, `threats`, `appeals`,
`capture` and `changes` read them; `measuring` joins what they found to one week's figures; `weekly` sets a
week beside the twelve weeks before its end; `protection` makes the public version; `outstanding`,
`sentences`, `charts`, `pictures` and `page` say and show it, `paper` and `pdf` print it; `making` writes the
files and puts them on record, and `checking` compares a file with what is counted now.
"""
