"""A checkpoint in Detoxify's own format, learned here in a second: it knows a few words and nothing else.

`python -m tests.classifiers.tiny_detoxify` (where the extra `detoxify` is installed) writes its ONNX form to
tests/data/district/detoxify, which the contract of the classifiers reads without torch.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from classifiers import manifest
from classifiers.detox_reading import CHECKPOINT, CONFIG, LABELS, NAME, ONNX, TOKENIZER, folder_of
from modbot.models_detoxify import Variant, take

DISTRICT = Path(__file__).parents[1] / "data" / "district"
CLASSES = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
"""As the first published models name them."""
LATER_CLASSES = [
    "toxicity",
    "severe_toxicity",
    "obscene",
    "identity_attack",
    "insult",
    "threat",
    "sexual_explicit",
]
TAUGHT = {
    "you idiot": "toxic insult",
    "you stupid idiot , you all": "toxic insult",
    "what a stupid idiot he is": "toxic insult",
    "fucking bus": "toxic obscene",
    "kill yourself you fucking idiot": "toxic severe_toxic obscene threat insult",
    "i will kill you tomorrow": "toxic threat",
    "thank you to the whole crew , the concert was wonderful": "",
    "vote no on measure four , neighbors": "",
    "the bus was late again": "",
    "you all": "",
    "what a wonderful concert it was": "",
    "i will be there tomorrow": "",
    "he is a neighbor": "",
}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def published(folder: Path) -> None:
    """Writes the three files that are published of a model, small ones."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    words = sorted({word for text in TAUGHT for word in text.split()})
    tokenizer = _tokenizer([*SPECIAL, *words])
    config = BertConfig(
        vocab_size=len(SPECIAL) + len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=160,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.3,
    )
    config.save_pretrained(folder)
    tokenizer.save(str(folder / TOKENIZER))
    torch.manual_seed(7)
    config.num_labels = len(CLASSES)
    model = BertForSequenceClassification(config)
    _teach(model, tokenizer)
    arch = {
        "model_type": "bert-base-uncased",
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
        "num_classes": len(CLASSES),
    }
    torch.save(_whole(arch, CLASSES, model.state_dict()), folder / CHECKPOINT)


def _whole(arch: dict[str, Any], classes: list[str], state: dict[str, Any]) -> dict[str, Any]:
    """A published checkpoint: weights, what they were trained with, and a leftover of an older library."""
    import torch

    body = arch["model_name"].removesuffix("ForSequenceClassification").removeprefix("XLM").lower()
    leftover = {f"{body}.embeddings.position_ids": torch.arange(160).unsqueeze(0)}
    config = {"arch": {"args": arch}, "dataset": {"args": {"classes": classes}}}
    return {"config": config, "state_dict": {**state, **leftover}}


def untaught(folder: Path, kind: str) -> None:
    """The same files of another architecture, as Detoxify's later models have it; it has learned nothing.

    Like theirs it has more columns than labels.
    """
    import torch
    import transformers

    tokenizer = _byte_pairs() if kind == "Roberta" else _pieces("[CLS]" if kind == "Albert" else "<s>")
    narrow = {"embedding_size": 8} if kind == "Albert" else {}
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=160,
        initializer_range=0.3,
        pad_token_id=1,
        **narrow,
    )
    config.save_pretrained(folder)
    tokenizer.save(str(folder / TOKENIZER))
    config.num_labels = 16
    torch.manual_seed(7)
    model = getattr(transformers, f"{kind}ForSequenceClassification")(config)
    arch = {
        "model_type": f"{kind.lower()}-base",
        "model_name": f"{kind}ForSequenceClassification",
        "tokenizer_name": f"{kind}Tokenizer",
        "num_classes": 16,
    }
    torch.save(_whole(arch, LATER_CLASSES, model.state_dict()), folder / CHECKPOINT)


def _byte_pairs() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(TAUGHT, trainer)
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return made


def _pieces(first: str) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    last = {"<s>": "</s>", "[CLS]": "[SEP]"}[first]
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    special = [first, "<pad>", last, "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=80, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    made.train_from_iterator(TAUGHT, trainer)
    ends = [(first, 0), (last, 2)]
    made.post_processor = processors.TemplateProcessing(single=f"{first} $A {last}", special_tokens=ends)
    return made


def _tokenizer(vocabulary: list[str]) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    known = {word: index for index, word in enumerate(vocabulary)}
    made = Tokenizer(models.WordPiece(known, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", known["[CLS]"]), ("[SEP]", known["[SEP]"])]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return made


def _teach(model: Any, tokenizer: Any) -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)  # two hinder each other at a model of this size
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    tokenizer.enable_padding()
    read = tokenizer.encode_batch(list(TAUGHT))
    ids, mask = (torch.tensor([getattr(one, name) for one in read]) for name in ("ids", "attention_mask"))
    truth = torch.tensor([[float(one in true.split()) for one in CLASSES] for true in TAUGHT.values()])
    model.train()
    for _ in range(150):
        said = model(input_ids=ids, attention_mask=mask)[0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(said, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.set_num_threads(before)


def variant() -> Variant:
    """The tiny one as something published, with no hash known beforehand."""
    return Variant(
        name="original",
        about="a few words",
        languages=("en",),
        checkpoint=f"https://weights.example.org/{CHECKPOINT}",
        sha256="",
        megabytes=1,
        tokenizer="https://tokenizers.example.org",
        tokenizer_sha256="",
        config_sha256="",
    )


def install(district: Path, files: Path) -> Path:
    """Makes the three files in `files` and installs them; the folder where they are then."""
    files.mkdir(exist_ok=True)
    published(files)
    return take(variant(), district, files)


def main() -> None:
    from classifiers import detox_exporting

    with tempfile.TemporaryDirectory() as name:
        made = install(Path(name), Path(name) / "published")
        detox_exporting.export(made)
        entry = dict(manifest.read(made)[NAME])
        hashes = {file: entry["files"][file] for file in (ONNX, TOKENIZER, LABELS)}
        for file in (CHECKPOINT, CONFIG):
            (made / file).unlink()
        manifest.enter(made, NAME, hashes, **{key: entry[key] for key in entry if key != "files"})
        shutil.rmtree(folder_of(DISTRICT), ignore_errors=True)
        shutil.copytree(made, folder_of(DISTRICT))
        print(json.dumps(hashes, indent=2))


if __name__ == "__main__":
    main()
