from __future__ import annotations

from pathlib import Path

import pytest

import classifiers
from classifiers.ballot import REFERS, Ballot, parse
from classifiers.base import Category, Classifier, ModelMissing
from classifiers.ensemble import Ensemble
from classifiers.training import reading
from modbot import resources
from modbot.members import ensemble_of

DISTRICT = Path(__file__).parent.parent / "data" / "district"
BALLOT = Ballot(DISTRICT)
SHIPPED = ("patterns", "linear", "encoder")


@pytest.mark.parametrize(
    "text",
    [
        "Mark YES on Measure 4 by Tuesday",
        "Mark NO on Measure 4 by Tuesday",
        "Please approve the levy, our kids are counting on us",
        "Please reject the levy, our seniors are counting on us",
        "Vote Duarte!",
        "Vote Pruitt!",
        "Don't vote for Pruitt",
        "V0te for Du4rte",
        "Duarte for School Board",
        "Send $10 to Friends of Pruitt",
        "Ana Duarte deserves your vote",
        "YES ON THE EP&O LEVY!!",
        "vota no por la medida 4, por favor",
        "so proud of this town #DuarteDelivers",
        "so tired of this town #enoughisenough4",
    ],
)
def test_advocacy_about_what_is_on_the_ballot_is_found(text: str) -> None:
    score = BALLOT.classify([text])[0][Category.POLITICAL]
    assert score.probability > 0.8
    assert score.spans


@pytest.mark.parametrize(
    "text",
    [
        "Measure 4 would keep our librarian, and I'm glad",
        "Measure 4 would raise my rent, and I'm worried",
        "Duarte and Pruitt will both speak at the library forum",
        "I'm ashamed of how Director Pruitt voted",
        "I'm voting yes on Measure 4",
        "I'm voting no on Measure 4",
        "Who will vote for Duarte?",
        "The levy failed, good riddance",
        "When are ballots for the levy due?",
        "Vote for Zorbo for homecoming king",
        "#levy results are in",
    ],
)
def test_names_opinions_and_somebodys_own_vote_say_nothing(text: str) -> None:
    assert BALLOT.classify([text]) == [{}]


def test_both_sides_of_every_form_are_treated_alike() -> None:
    forms = ["Vote {} on Measure 4", "{} on the levy!", "voten {} en la medida 4", "check {} for the levy"]
    flags = [[bool(scores) for scores in BALLOT.classify([form.format(each) for form in forms])]
             for each in ("yes", "no")]  # fmt: skip
    assert flags[0] == flags[1]
    assert all(flags[0][:2])


def test_without_an_election_and_with_a_broken_one_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="write the current election"):
        Ballot(tmp_path).load()
    (tmp_path / "election.toml").write_text('name = "x"\nbegins = 2026-11-01\n', encoding="utf-8")
    with pytest.raises(ModelMissing, match="day: Field required"):
        Ballot(tmp_path).load()


def test_an_election_without_anybody_says_nothing(tmp_path: Path) -> None:
    text = 'name = "none"\nbegins = 2026-11-01\nday = 2027-02-09\n'
    (tmp_path / "election.toml").write_text(text, encoding="utf-8")
    assert Ballot(tmp_path).classify(["Vote for  on Measure 4", "vote"]) == [{}, {}]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('colour = "red"', "colour"),
        ('[[candidate]]\nname = "A"', "name"),
        ("[[measure]]\naliases = []", "name"),
    ],
)
def test_mistakes_in_the_file_are_named(line: str, says: str) -> None:
    head = 'name = "n"\nbegins = 2026-11-01\nday = 2027-02-09\n'
    with pytest.raises(ValueError, match=says):
        parse((head + line).encode())


def test_an_election_that_begins_after_its_day_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"^begins \(2027-02-10\) is after day \(2027-02-09\)$"):
        parse(b'name = "n"\nbegins = 2027-02-10\nday = 2027-02-09\n')


TOPICS = (
    "Measure 4: how the levy would be spent",
    "Ana Duarte and Tom Pruitt at the candidates' forum",
    "VOTE YES ON MEASURE 4",
    "Which mascot shall we have? Vote in the poll!",
    "",
)


@pytest.mark.parametrize(
    ("text", "opposite"),
    [
        ("please vote for it", "please vote against it"),
        ("everyone vote yes on this, please", "everyone vote no on this, please"),
        ("vote for her!", "vote against her!"),
    ],
)
def test_a_call_that_says_this_is_read_under_a_post_that_names_the_ballot(text: str, opposite: str) -> None:
    topics = [TOPICS[0], TOPICS[3]]
    for said in (text, opposite):
        under, elsewhere = BALLOT.classify_under([said, said], topics)
        assert under[Category.POLITICAL].spans[0].reason == REFERS
        assert elsewhere == BALLOT.classify([said])[0] == {}


def test_no_topic_makes_a_breach_of_a_comment_that_is_permissible_by_its_own_words() -> None:
    """Every permissible comment of the corpus, under posts that name all that is on the ballot."""
    said = ["I disagree with this", "I agree", "I will vote for it", "pass it on please", "I'd vote her out"]
    permissible = [*said, *(row.text for row in reading.corpus() if row.permissible)]
    assert len(permissible) > 4000
    under = BALLOT.classify_under(permissible, [" ".join(TOPICS)] * len(permissible))
    alone = BALLOT.classify(permissible)
    assert [text for text, one, other in zip(permissible, under, alone, strict=True) if one != other] == []


@pytest.fixture(scope="module")
def everybody() -> Ensemble:
    """The shipped classifiers and `ballot`, joined by the shipped rules, as a district runs them."""
    ensemble, _ = ensemble_of((*SHIPPED, Ballot.name), resources.models(), DISTRICT)
    assert ensemble.absent == {}
    return ensemble


def test_no_topic_changes_what_all_classifiers_together_say_of_a_permissible_comment(
    everybody: Ensemble,
) -> None:
    """A part of them, under a post that names all that is on the ballot; all of them go before `ballot`."""
    permissible = [
        "I disagree with this",
        "Vote her out",
        *(r.text for r in reading.corpus() if r.permissible),
    ]
    some = permissible[:2] + permissible[2::40]
    assert len(some) > 150
    assert everybody.assess(some, [" ".join(TOPICS)] * len(some)) == everybody.assess(some)


def test_a_topic_counts_where_all_classifiers_are_asked(everybody: Ensemble) -> None:
    text = "please vote for it"
    [under], [alone] = everybody.assess([text], [TOPICS[0]]), everybody.assess([text])
    assert under.scores[Category.POLITICAL].probability > 0.5 > alone.scores[Category.POLITICAL].probability


def test_only_this_classifier_looks_at_topics(everybody: Ensemble) -> None:
    """Two override how they answer, which a topic must not change either."""
    told, asked = ["please vote for it"], [TOPICS[0]]
    looking = [
        member.name
        for member in everybody.members
        if member.answer_under(told, asked).marked_from(0) != member.answer_under(told, [""]).marked_from(0)
    ]
    assert looking == ["ballot"]
    overriding = [
        name
        for name in classifiers.BUILTIN
        if classifiers.load(name).classify_under is not Classifier.classify_under
    ]
    assert overriding == ["ballot"]
