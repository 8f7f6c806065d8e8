"""The model as a file: the same model gives the same bytes on every run."""

from __future__ import annotations

import io
import re
import zipfile

import numpy as np
import skops.io

from classifiers.linear import Model

NO_TIME = (1980, 1, 1, 0, 0, 0)


def pack(model: Model) -> bytes:
    """Weights in half precision, as `fitting.assembled` has rounded them already."""
    return _same_every_time(
        skops.io.dumps(
            {
                "weights": model.weights.astype(np.float16),
                "vectors": model.vectors.astype(np.float16),
                "words": "\n".join(model.lexicon.index),
                "groups": model.lexicon.groups.astype(np.int16),
                "bias": model.bias.astype(np.float32),
                "categories": [category.value for category in model.categories],
            }
        )
    )


def _same_every_time(content: bytes) -> bytes:
    """skops names parts by memory address and stamps the time; here they are counted and timeless."""
    source = zipfile.ZipFile(io.BytesIO(content))
    schema = source.read("schema.json").decode()
    addresses = list(dict.fromkeys(re.findall(r"\b\d{9,}\b", schema)))
    number = {address: str(index + 1) for index, address in enumerate(addresses)}
    parts = {"schema.json": re.sub(r"\b\d{9,}\b", lambda match: number[match.group()], schema).encode()}
    for name in source.namelist():
        if name != "schema.json":
            address, _, suffix = name.partition(".")
            parts[f"{number[address]}.{suffix}"] = source.read(name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, part in sorted(parts.items()):
            target.writestr(zipfile.ZipInfo(name, NO_TIME), part, zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()
