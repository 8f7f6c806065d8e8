from __future__ import annotations

import re
from pathlib import Path

import pytest

from classifiers.base import Category
from classifiers.patterns import Book, Patterns, hits, rules
from classifiers.training import reading
from classifiers.training.hits import measure

RULES = rules()
BOOK = Book.of(RULES)


def found(text: str) -> set[Category]:
    return {hit.rule.category for hit in hits(text, BOOK) if hit.rule.id != "contact"}


@pytest.mark.parametrize(
    "text",
    [
        "Vote {} on Measure 4 by Tuesday!",
        "Please vote {} on the school levy",
        "Neighbors, mark {} on Proposition 1",
        "v0te {} on prop 2",
        "{} on Prop 3!",
        "Vote {}!",
        "#Vote{}",
    ],
)
def test_a_call_to_vote_is_found_on_either_side(text: str) -> None:
    for side in ("YES", "NO", "yes", "no"):
        assert found(text.format(side)) == {Category.POLITICAL}, text.format(side)


@pytest.mark.parametrize(
    "text",
    [
        "Lopez for School Board!",
        "Vote for Maria Lopez in November",
        "Re-elect Reed",
        "Let's all pass the levy!",
        "Please reject this bond.",
        "Vote them all out this fall",
        "Send $10 to Friends of Lopez",
        "Come sign the recall petition at my booth",
        "Volunteer to doorbell for the levy campaign on Saturday",
        "Straight ticket, top to bottom",
        "Vote for Lopez for state treasurer",
        "Re-elect Reed, county treasurer",
        "Vota sí por la medida 4",
        "Voten no, por favor",
        "Rechacemos la medida",
    ],
)
def test_other_forms_of_advocacy_are_found(text: str) -> None:
    assert found(text) == {Category.POLITICAL}


@pytest.mark.parametrize(
    "text",
    [
        "I think the levy is too expensive",
        "I'm voting no",
        "The board will vote no on that motion",
        "Measure 4 would keep our librarian, and I'm glad",
        "Lopez and Reed will both speak at the library forum",
        "When is the vote on the bond?",
        "Vote for Sofia for class president!",
        "Vote Amina for junior class treasurer, she bakes",
        "VOTE TOBIN FOR 7TH GRADE SECRETARY",
        "Elect Priya Shah as student senator!",
        "Vote for Leo for sixth grade rep",
        "Vote for your favorite mascot",
        "I'm ashamed of how Director Reed voted",
        "Did the levy pass?",
        "Thank you for running for school board",
    ],
)
def test_opinions_mentions_and_student_elections_are_no_advocacy(text: str) -> None:
    assert found(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "I'll kill you",
        "i will k1ll the principal",
        "someone should shoot him",
        "We're going to beat your face in",
        "I'm bringing a gun to school tomorrow",
        "I will shoot up the school",
        "There's a bomb in the gym",
        "I know where you live, lady",
        "Better watch your back, Hall",
        "one more lie and I break your jaw",
        "somebody ought to cut his brake lines",
        "Voy a meter un rifle a la prepa",
        "vamos a incendiar esa oficina",
        "escondí una bomba en el gimnasio",
        "hope you stab him tonight",
        "there's a bullet with your name on it",
        "We're coming for you, Dunlap, and for your kids",
        "I'll be waiting for you outside the gym tonight",
        "he's a dead man when he gets to his truck",
        "le rompo la cara al director",
        "los vamos a quemar a todos los de la mesa",
        "si vota así no sale vivo",
        "🔫🔫 your turn tomorrow, principal",
        "te voy a matar",
    ],
)
def test_an_explicit_threat_is_found(text: str) -> None:
    assert Category.THREATS in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "We're going to kill them on the field Friday night",
        "I will kill it at the talent show",
        "shoot me an email",
        "My mom is going to kill me",
        "You could break your neck on those steps",
        "They will break your heart, these seniors",
        "los vamos a matar el viernes, 3 a 0",
        "no le voy a romper la ilusión",
        "voy a llevar una pistola de agua al recreo",
        "vamos a volar esta piñata en el salón",
        "jamás voy a traer un arma a la escuela",
        "mi hijo dice que hay una bomba en la secundaria",
        "He told me he'd kill you and I reported it",
        'The note said "I will kill you" and nobody called us',
        "The shooting drill is on Monday",
        "That test was the bomb",
        "Water gun fight at field day 🔫 everyone",
        "She'll shoot hoops with them",
        "This will hurt our kids",
    ],
)
def test_sport_idiom_and_reports_are_no_threats(text: str) -> None:
    assert Category.THREATS not in found(text)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("F*** this schedule", Category.OBSCENE),
        ("what a load of sh!t", Category.OBSCENE),
        ("chinga tu madre", Category.OBSCENE),
        ("kys loser", Category.HARASSMENT),
        ("Go back to your country", Category.DISCRIMINATION),
        ("Foreign kids? All immigrants are vermin", Category.DISCRIMINATION),
        ("Lawn care, first cut free, text me at 206-555-0142", Category.COMMERCIAL),
        ("Make $500 a day from your phone", Category.COMMERCIAL),
        ("The side door pin is 90210", Category.SECURITY),
        ("selling vapes behind the gym, $20", Category.ILLEGAL),
        ("Nate Orr, 6th grade, was expelled", Category.STUDENT_PRIVACY),
    ],
)
def test_other_forms_are_found(text: str, category: Category) -> None:
    assert category in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Dang, this schedule stinks. What the hell, this sucks",
        "Fighting Cocks won again, and Moby Dick is on the list",
        "He called me a bitch and the school did nothing",
        "Booster hats $20, order by Friday at the office",
        "Can anyone recommend a math tutor? We can pay $30",
        "The side door is always propped open, fix it",
        "Use code TIGERS at the ticket page",
        "Edibles are ending up at the gym, help",
        "My own son was suspended unfairly",
        "My son Mateo was suspended and nobody called",
        "My oldest got suspended for a hat",
        "Half the class has ADHD and the other half needs recess",
        "Check who gets suspended at Birch and who doesn't",
        "mi hija tiene autismo y le va bien",
        "Principal Orr was arrested in 1974 at a sit-in, ask him about it",
        "Discipline data by race should be public",
    ],
)
def test_the_near_neighbour_of_a_form_is_left_alone(text: str) -> None:
    assert found(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "My son told me Nate Orr was expelled",
        "zoe marsh got suspended again",
        "Por cierto, Iván Robles tiene autismo",
        "Will Carter is failing algebra, his aunt says",
        "Our kid says Dana Wu's mom got deported",
    ],
)
def test_another_student_is_found_whoever_tells_it(text: str) -> None:
    assert found(text) == {Category.STUDENT_PRIVACY}


def test_a_hit_points_at_its_words_and_says_why() -> None:
    text = "Dear all. V0te N0 on Measure 4, thanks."
    [score] = Patterns(Path("nowhere")).classify([text])
    spans = score[Category.POLITICAL].spans
    assert any(text[span.start : span.end].startswith("V0te N0 on Measure 4") for span in spans)
    assert {span.reason for span in spans} == {"a call to vote for or against a ballot measure"}


def test_a_text_without_a_hit_has_no_opinion() -> None:
    assert Patterns(Path("nowhere")).classify(["Great concert!", ""]) == [{}, {}]


def test_probabilities_come_from_counts_and_stay_inside_zero_and_one() -> None:
    for rule in RULES:
        right, hits_ = rule.measured
        assert 0 <= right <= hits_
        assert 0 < rule.probability < 1


def test_the_rules_are_as_often_right_as_the_file_says() -> None:
    """Where this fails: python -m classifiers.training.hits, then modbot train --only joining."""
    counted = measure(list(reading.corpus()), RULES)
    said = {rule.id: rule.measured for rule in RULES if rule.find}
    assert {name: counted[name] for name in said} == said


def test_every_rule_is_called_by_the_beginnings_it_names() -> None:
    for rule in RULES:
        assert bool(rule.find) == bool(rule.needs)
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_no_expression_repeats_without_a_bound_around_a_repetition() -> None:
    """(a+)+ and its like are how a text of a hundred characters stops a machine."""
    for rule in RULES:
        for pattern in (*rule.find, *rule.also, *rule.unless, *rule.before, *rule.after):
            assert not re.search(r"[+*]\)[+*]|\.\*.*\.\*", pattern.pattern), rule.id


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "a",
            "vote ",
            "kill you ",
            "i will ",
            "the ",
            "selling weed ",
            "code ",
            "shoot the school ",
            "!",
            "$1",
        ),
        *(
            "my shop ",
            "was suspended ",
            "vote yes on the ",
            "let's bring ",
            "fuck",
            "door code ",
            "you ",
            "\n",
        ),
        *("🔫", "sign the ", "you're ", "(", '"said '),
    ],
)
@pytest.mark.timeout(60)  # what backtracks would take hours
def test_ten_thousand_hostile_characters_are_read_to_the_end(unit: str) -> None:
    text = unit * (10_000 // len(unit))
    found = hits(text, BOOK)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
