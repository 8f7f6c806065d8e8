"""What an action on a YouTube comment asks for, when it is reached, and its receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from platforms.base import ActionKind, CommentGone, Receipt, Unavailable, Visibility
from platforms.youtube_comments import HELD, PUBLISHED, REJECTED, SPAM, status_of
from platforms.youtube_rest import Native

UNLISTED = "in no list"
ASKED = {ActionKind.HIDE: HELD, ActionKind.UNHIDE: PUBLISHED, ActionKind.DELETE: REJECTED}
REACHED = {
    ActionKind.HIDE: {HELD, SPAM, REJECTED, UNLISTED},
    ActionKind.UNHIDE: {PUBLISHED},
    ActionKind.DELETE: {REJECTED, UNLISTED},
}


def is_id(text: str) -> bool:
    """A comma would name two comments; YouTube's ids are of letters, digits, `-`, `_` and one dot."""
    return text.isascii() and text.replace("-", "").replace("_", "").replace(".", "").isalnum()


def checked(comment_id: str) -> str:
    """Raises CommentGone."""
    if not is_id(comment_id):
        raise CommentGone(f"{comment_id!r} is no comment of YouTube")
    return comment_id


def status_in(comment_id: str, answers: Sequence[Native]) -> str:
    """What readers get of an answer, by the list of all answers to its thread."""
    for native in answers:
        if native["id"] == comment_id:
            return status_of(native, PUBLISHED)
    return UNLISTED


def batched(
    action: ActionKind, comment_id: str, before: str | None, after: str | None, answered: str
) -> Receipt | Exception:
    """What became of one comment of a batch, by what readers got of it before and after; None: gone."""
    if before is None:
        return CommentGone(f"comment {comment_id} is no longer on YouTube")
    answer = {"before": before}
    if before in REACHED[action]:
        return receipt(action, comment_id, before, already=True, answer=answer)
    if after is None or after not in REACHED[action]:
        return Unavailable(f"comment {comment_id} is {after or 'gone'} after {action}")
    answer |= {"answered": answered, "read_back": after}
    return receipt(action, comment_id, after, already=False, answer=answer)


def receipt(
    action: ActionKind, comment_id: str, status: str, *, already: bool, answer: Mapping[str, str]
) -> Receipt:
    visibility = Visibility.VISIBLE if status == PUBLISHED else Visibility.HIDDEN
    if action is ActionKind.DELETE:
        visibility = Visibility.GONE
    now = datetime.now(UTC)
    return Receipt(
        action=action, id=comment_id, visibility=visibility, already=already, at=now, answer=answer
    )
