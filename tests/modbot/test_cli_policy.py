from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from modbot import policy, proofread, resources
from modbot.proofread import Problem
from tests.modbot.installation import command

SOUND = """[policy]
name = "Ours"
version = "3"
notice = "Be kind."

[[clause]]
id = "C1"
title = "Threats"
text = "No threats"
mode = "enforce"
signed_off_by = "Counsel"
signed_off_on = 2026-09-01
categories = ["threats"]

[[clause]]
id = "C2"
title = "Offers"
text = "No offers"
mode = "advise"
categories = ["commercial"]
"""
LIST = '\n\n[[word_list]]\nclause = "C2"\nreason = "Names of known swindles"\nterms = ["gift circle"]\n'
MISTAKES = {
    "a threshold that is none": ('mode = "advise"', 'mode = "advise"\nthresholds = { commercial = 7 }', 20),
    "an unknown mode": ('mode = "advise"', 'mode = "delete"', 19),
    "an unknown category": ('["commercial"]', '["rude"]', 20),
    "an unknown key": ('title = "Offers"', 'titel = "Offers"', 17),
    "a key missing": ('text = "No offers"\n', "", 15),
    "enforce without a sign-off": ('signed_off_by = "Counsel"\n', "", 6),
    "a category that is not the clause's": ('mode = "advise"', 'mode = "advise"\nurgent = ["threats"]', 15),
    "broken TOML": ('id = "C2"', "id = C2", 16),
    "a version missing": ('version = "3"\n', "", 1),
    "an empty threshold table": ('["commercial"]', '["commercial"]\n[clause.thresholds]\nthreats = 2', 22),
    "a word list that acts": ('["commercial"]', f'["commercial"]{LIST}action = "hide"', 26),
    "a word list that is enforced": ('["commercial"]', f'["commercial"]{LIST}mode = "enforce"', 26),
}


def check(tmp_path: Path, text: str) -> list[Problem]:
    (tmp_path / "ours.toml").write_text(text)
    answer = command("policy", "check", str(tmp_path / "ours.toml"), "--json")
    found = [Problem(**each) for each in answer.data["problems"]]
    assert answer.status == (1 if found else 0)
    return found


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, what: str) -> None:
    old, new, line = MISTAKES[what]
    assert old in SOUND
    found = check(tmp_path, SOUND.replace(old, new))
    assert line in {problem.line for problem in found}, found


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = SOUND.replace('"advise"', '"maybe"').replace('"commercial"', '"rude"').replace("title", "titel")
    assert len(check(tmp_path, text)) == 6


def test_an_id_that_is_used_twice_is_told(tmp_path: Path) -> None:
    (problem,) = check(tmp_path, SOUND.replace('"C2"', '"C1"'))
    assert "used more than once as an id: C1" in problem.says


def test_bytes_that_are_no_text_are_told_with_their_line() -> None:
    assert proofread.problems(b"[policy]\nname = '\xff'") == [Problem(2, "it is not UTF-8 text")]


@pytest.mark.parametrize(
    ("term", "why"),
    [
        ("Maria Gonzalez", "looks like a person's name"),
        ("republicans", "names a political party"),
        ("corrupt", "word of criticism"),
        ("Dale", "is an official of the district"),
        ("jane doe", "looks like a person's name"),
        ("Xoch Zelinska", "if it is none, write it in small letters"),
        ("@JaneDoe", "names somebody's account"),
        ("the school board", "public body"),
    ],
)
def test_a_word_list_that_names_somebody_or_filters_criticism_is_refused(
    tmp_path: Path, term: str, why: str
) -> None:
    text = SOUND.replace('notice = "Be kind."', 'notice = "Be kind."\nofficials = ["Dale Hutchins"]')
    text += '\n[[word_list]]\nclause = "C2"\nreason = "Names of known swindles"\n'
    text += f'terms = ["gift circle", "{term}"]\n'
    (problem,) = check(tmp_path, text)
    assert problem.line == 23
    assert f"'{term}'" in problem.says
    assert why in problem.says


def test_a_word_list_without_names_is_allowed(tmp_path: Path) -> None:
    assert check(tmp_path, SOUND + LIST) == []


def test_a_sound_policy_says_what_it_leaves_open(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(SOUND.replace("2026-09-01", "2031-09-01"))
    out = command("policy", "check", str(tmp_path / "ours.toml")).out
    assert "may be used." in out
    assert "In mode advise: C2. People see what may break them, and nobody can hide under them." in out
    assert "C1 is signed off on 2031-09-01, which has not come yet." in out
    assert "no clause and no watch names it" in out
    assert "category threats" not in out


def test_a_list_without_officials_is_remarked() -> None:
    text = SOUND + '\n[[word_list]]\nclause = "C2"\nreason = "Known swindles"\nterms = ["gift circle"]\n'
    rules = policy.parse(text.encode(), "ours")
    assert any("no officials" in gap for gap in proofread.gaps(rules, date(2026, 11, 21)))


@pytest.mark.parametrize("name", ["yelm-4007p.toml"])
def test_the_shipped_policies_are_sound(name: str) -> None:
    assert proofread.problems(resources.policy(name)) == []


def test_a_broken_policy_is_told_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(SOUND.replace('"advise"', '"maybe"'))
    answer = command("policy", "check", str(tmp_path / "ours.toml"))
    assert answer.out.startswith(f"{tmp_path / 'ours.toml'}:19: clause 2 mode: Input should be")
    assert "What is in force stays in force." in answer.out


def test_a_policy_that_is_not_there_is_told(tmp_path: Path) -> None:
    answer = command("policy", "check", str(tmp_path / "none.toml"))
    assert (answer.status, "cannot be read: No such file" in answer.err) == (1, True)


def test_one_clause_is_shown_verbatim(tmp_path: Path) -> None:
    command("init", str(tmp_path / "here"))
    out = command("policy", "show", "--clause", "C2", "--config", str(tmp_path / "here")).out
    assert "Constituting harassment or bullying\n" in out
    assert "Keep in mind: Criticism of an official's work is not harassment" in out
    missing = command("policy", "show", "--clause", "C99", "--config", str(tmp_path / "here"))
    assert "It has: C1, C2" in missing.err


def test_every_clause_is_listed_with_its_mode(tmp_path: Path) -> None:
    command("init", str(tmp_path / "here"))
    out = command("policy", "show", "--config", str(tmp_path / "here")).out
    assert out.count("advise") == 8
    assert "Watched without a clause: student_privacy" in out
