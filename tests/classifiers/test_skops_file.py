from __future__ import annotations

import io
import pickle
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import skops.io

import classifiers
from classifiers import linear, skops_file
from classifiers.base import ModelTampered

MODELS = Path(classifiers.__file__).parent.parent / "models"
PLAIN = {"words": "a\nb", "names": ["x", "y"], "count": 3, "share": 0.5, "rows": np.arange(6).reshape(2, 3)}


def test_the_shipped_model_reads_as_skops_itself_reads_it() -> None:
    content = (MODELS / linear.FILE).read_bytes()
    ours, theirs = skops_file.read(content), skops.io.loads(content)
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        np.testing.assert_array_equal(ours[key], value)


def test_numbers_lists_and_words_come_back() -> None:
    read = skops_file.read(skops.io.dumps(PLAIN))
    np.testing.assert_array_equal(read.pop("rows"), PLAIN["rows"])
    assert read == {key: value for key, value in PLAIN.items() if key != "rows"}


@pytest.mark.parametrize("more", [date(2026, 1, 1), np.array([{}], dtype=object), print, object])
def test_anything_that_is_more_than_numbers_and_words_is_refused(more: object) -> None:
    content = skops.io.dumps(PLAIN | {"more": more})
    with pytest.raises(skops_file.NotPlain):
        skops_file.read(content)
    with pytest.raises(ModelTampered):
        linear.parse(content)


def test_an_array_that_hides_a_pickle_is_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(PLAIN))) as parts, zipfile.ZipFile(made, "w") as forged:
        for name in parts.namelist():
            forged.writestr(name, pickle.dumps(print) if name.endswith(".npy") else parts.read(name))
    with pytest.raises(skops_file.NotPlain):
        skops_file.read(made.getvalue())


@pytest.mark.parametrize("content", [b"", b"PK", b"{}"])
def test_a_broken_file_is_refused(content: bytes) -> None:
    with pytest.raises(skops_file.NotPlain):
        skops_file.read(content)
