"""What people see of the queue and of a case: lists, counts, one case, earlier comments. Reads only.

Counts come from the rows they count, so that they are right. The commands and the web pages show what these
functions return.
"""

from modbot.review.appealed import Appealed, appeal, appeals
from modbot.review.around import Earlier, Said, Thread
from modbot.review.counts import Counts, count
from modbot.review.decided import Decisions, Settled, Sought, decided, settled
from modbot.review.found import Found, Query, Results, search
from modbot.review.lines import PRIORITIES, Line
from modbot.review.outcomes import Outcome
from modbot.review.proposed import Proposed, ToRelease, to_release
from modbot.review.seen import Seen
from modbot.review.upcoming import Next, next_for
from modbot.review.view import Acted, Decided, Noted, Place, Spread, Subject, View, case, subject
from modbot.review.waiting import Filters, Listing, queue, second_looks, waiting

__all__ = [
    "PRIORITIES",
    "Acted",
    "Appealed",
    "Counts",
    "Decided",
    "Decisions",
    "Earlier",
    "Filters",
    "Found",
    "Line",
    "Listing",
    "Next",
    "Noted",
    "Outcome",
    "Place",
    "Proposed",
    "Query",
    "Results",
    "Said",
    "Seen",
    "Settled",
    "Sought",
    "Spread",
    "Subject",
    "Thread",
    "ToRelease",
    "View",
    "appeal",
    "appeals",
    "case",
    "count",
    "decided",
    "next_for",
    "queue",
    "search",
    "second_looks",
    "settled",
    "subject",
    "to_release",
    "waiting",
]
