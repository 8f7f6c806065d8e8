"""What the classifiers and the policy say of one comment, and how that stands in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from classifiers.base import Category
from classifiers.ensemble import Assessment
from classifiers.marking import EVERYTHING
from modbot.policy import Level, Policy, Verdict, judge, least

FOREIGN = "language not covered"
"""Why nobody judged a text that is neither English nor Spanish."""
ADVISED_FROM = 0.5
"""From this probability on, what a member says that does not count is shown to people."""


class Assessor(Protocol):
    """The ensemble, here or in a process of its own."""

    @property
    def version(self) -> str: ...

    @property
    def absent(self) -> Mapping[str, str]:
        """Why each member that is not there is not."""

    def assess(
        self,
        texts: Sequence[str],
        topics: Sequence[str] = (),
        marked_from: Mapping[Category, float] = EVERYTHING,
    ) -> list[Assessment]:
        """One assessment a text, in order. Raises ClassifierFailed if none can be made.

        `topics`: for each text the title of the post above it, or none at all.
        `marked_from`: from which score on the words that carried it are marked.
        """

    def close(self) -> None:
        """Release what it holds. Safe to call twice; asking again opens it anew."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One text's scores and verdict. `unjudged` are categories of the policy that no classifier covers."""

    assessment: Assessment
    verdict: Verdict
    unjudged: frozenset[Category]

    @property
    def is_complete(self) -> bool:
        """Whether the verdict stands: CLEAR means nothing while one who should have looked is absent."""
        doubtful = not self.assessment.covered or self.unjudged or self.missed
        return self.verdict.level is not Level.CLEAR or not doubtful

    @property
    def missed(self) -> tuple[str, ...]:
        """The absent members whose word would have counted."""
        found = self.assessment
        return tuple(name for name in found.absent if name not in found.uncounted)

    @property
    def failure(self) -> str:
        parts = [] if self.assessment.covered else [FOREIGN]
        if self.missed:
            parts.append(f"absent: {', '.join(self.missed)}")
        if self.unjudged:
            parts.append(f"nobody judged {', '.join(sorted(self.unjudged))}")
        return "; ".join(parts)


def judge_all(
    ensemble: Assessor,
    policy: Policy,
    thresholds: Mapping[Category, float],
    texts: Sequence[str],
    topics: Sequence[str] = (),
) -> list[Judged]:
    """One result a text, in order. Raises ClassifierFailed when no classifier works."""
    needed = policy.categories
    assessments = ensemble.assess(texts, topics, least(policy, thresholds))
    return [
        Judged(
            assessment,
            judge(policy, assessment.scores, thresholds, text, assessment.reported),
            needed - assessment.scores.keys(),
        )
        for text, assessment in zip(texts, assessments, strict=True)
    ]


def text_and_topic(body: Mapping[str, Any]) -> tuple[str, str]:
    """Of an archived comment its text, and the title of its post; empty where the platform gives none."""
    return body["text"], body.get("post_title") or ""


def as_content(comment_id: int, judged: Judged, classifier: str, policy: str) -> dict[str, Any]:
    """The content of comment.scored. Probabilities to four places; spans as [start, end, reason]."""
    assessment, verdict = judged.assessment, judged.verdict
    heard = {"advice": advice} if (advice := _advice(assessment)) else {}
    return {
        "comment": comment_id,
        "classifier": classifier,
        "scores": {name: round(score.probability, 4) for name, score in assessment.scores.items()},
        "members": {
            member: {name: round(score.probability, 4) for name, score in scores.items()}
            for member, scores in assessment.members.items()
        },
        **heard,
        "absent": list(assessment.absent),
        "policy": policy,
        "level": verdict.level.value,
        "findings": [
            {
                "clause": finding.clause,
                "category": finding.category,
                "probability": None if finding.probability is None else round(finding.probability, 4),
                "threshold": finding.threshold,
                "urgent": finding.urgent,
                "spans": [[span.start, span.end, span.reason] for span in finding.spans],
            }
            for finding in verdict.findings
        ],
    }


def _advice(assessment: Assessment) -> list[dict[str, Any]]:
    """What members see that do not count; they may be wrong more often than the others."""
    return [
        {
            "member": member,
            "category": category.value,
            "probability": round(score.probability, 4),
            "spans": [[span.start, span.end, span.reason] for span in score.spans],
        }
        for member in assessment.uncounted
        for category, score in assessment.members.get(member, {}).items()
        if score.probability >= ADVISED_FROM
    ]
