"""Detoxify's weights: how they come into an installation, what is refused, and what their word is worth."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from classifiers import manifest
from classifiers.base import Category
from classifiers.detox import Detox
from classifiers.detox_reading import CHECKPOINT, CONFIG, NAME, ONNX, TOKENIZER, folder_of
from classifiers.ensemble import Ensemble
from modbot import models_detoxify, policy
from modbot.errors import ModbotError
from modbot.judging import as_content, judge_all
from modbot.members import operating_points
from modbot.models_detoxify import Variant, download
from modbot.resources import models
from modbot.store import Store
from tests.classifiers.tiny_detoxify import DISTRICT, variant
from tests.modbot.installation import Answer, command, install, settings_file
from tests.modbot.scene import POLICY, Keywords, said

INSULT = "You stupid idiot, thank you"
WEIGHTS = b"weights " * 1000
FILES = {f"/release/{CHECKPOINT}": WEIGHTS, f"/hub/{CONFIG}": b"{}", f"/hub/{TOKENIZER}": b"{}"}


class Shelf:
    """A server with files, some of which say that they are elsewhere."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = dict(FILES)
        self.elsewhere: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def variant(self, sha256: str = "") -> Variant:
        addresses = {"checkpoint": f"{self.url}/release/{CHECKPOINT}", "tokenizer": f"{self.url}/hub"}
        return replace(variant(), sha256=sha256, **addresses)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path in shelf.elsewhere:
                    self.send_response(302)
                    self.send_header("Location", shelf.elsewhere[self.path])
                    self.end_headers()
                    return
                content = shelf.files.get(self.path)
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    made = Shelf()
    yield made
    made.close()


def fetched(found: Variant, district: Path) -> tuple[Path, list[tuple[str, int]]]:
    told: list[tuple[str, int]] = []

    def progress(file: str, size: int) -> None:
        told.append((file, size))

    return asyncio.run(download(found, district, progress, allow_loopback=True)), told


def installed(folder: Path) -> Mapping[str, str]:
    found: Mapping[str, str] = manifest.read(folder)[NAME]["files"]
    return found


def test_what_is_downloaded_is_checked_told_and_pinned(shelf: Shelf, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    folder, told = fetched(shelf.variant(sha256), tmp_path)
    assert installed(folder)[CHECKPOINT] == sha256
    assert manifest.verified(folder, NAME, CHECKPOINT) == WEIGHTS
    assert told[-1] == (CHECKPOINT, len(WEIGHTS))
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name]


def test_an_address_that_names_another_is_followed(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/far/away"] = shelf.files.pop(f"/release/{CHECKPOINT}")
    shelf.elsewhere[f"/release/{CHECKPOINT}"] = "/far/away"
    folder, _ = fetched(shelf.variant(), tmp_path)
    assert manifest.verified(folder, NAME, CHECKPOINT) == WEIGHTS


def test_addresses_that_name_each_other_come_to_an_end(shelf: Shelf, tmp_path: Path) -> None:
    shelf.elsewhere[f"/hub/{CONFIG}"] = f"/hub/{CONFIG}"
    with pytest.raises(ModbotError, match="without end"):
        fetched(shelf.variant(), tmp_path)


def test_another_file_than_the_published_one_changes_nothing(shelf: Shelf, tmp_path: Path) -> None:
    folder, _ = fetched(shelf.variant(), tmp_path)
    before = installed(folder)
    shelf.files[f"/release/{CHECKPOINT}"] = b"other weights"
    with pytest.raises(ModbotError, match="not the published file"):
        fetched(shelf.variant(hashlib.sha256(WEIGHTS).hexdigest()[:8]), tmp_path)
    assert installed(folder) == before
    assert manifest.verified(folder, NAME, CHECKPOINT) == WEIGHTS
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name]


def test_a_server_that_sends_too_much_is_cut_off(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_detoxify, "SMALL", 10)
    shelf.files[f"/hub/{CONFIG}"] = b"{" + b" " * 5000 + b"}"
    with pytest.raises(ModbotError, match="more than the 10 bytes"):
        fetched(shelf.variant(), tmp_path)


def test_a_file_that_is_not_there_is_told_with_its_address(shelf: Shelf, tmp_path: Path) -> None:
    del shelf.files[f"/hub/{TOKENIZER}"]
    with pytest.raises(ModbotError, match=f"/hub/{TOKENIZER} could not be fetched") as failure:
        fetched(shelf.variant(), tmp_path)
    assert "--from" in failure.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_an_address_inside_the_district_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(ModbotError, match="this machine itself"):
        asyncio.run(download(shelf.variant(), tmp_path, lambda *_: None))


def test_each_published_variant_is_told_whole_and_over_an_encrypted_connection() -> None:
    for found in models_detoxify.variants().values():
        assert len(found.sha256) in (8, 64)
        assert found.sha256[:8] in found.checkpoint
        assert found.megabytes > 0
        assert all(url.startswith("https://") for url, _, _ in found.sources.values())


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A settings file in which detox is a member; commands that need no database run on it."""
    members = '[classifiers]\nmembers = ["linear", "detox"]'
    return settings_file(tmp_path / "office", "sqlite:///none.db", members)


def modbot(office: Path, *arguments: str) -> Answer:
    return command(*arguments, "--config", str(office))


def test_size_and_licence_are_said_before_and_without_a_way_out_it_fails_in_words(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = replace(models_detoxify.chosen("original"), tokenizer="https://hub.invalid/tokenizer")
    monkeypatch.setattr(models_detoxify, "variants", lambda: {"original": nowhere})
    answer = modbot(office, "models", "add", "detoxify")
    assert answer.status == 1
    assert "About 438 MB. Licence: Apache-2.0." in answer.out
    assert "could not be fetched" in answer.err
    assert "--from FOLDER" in answer.err
    assert not (office.parent / "district").exists() or not list((office.parent / "district").iterdir())


def test_a_variant_that_was_never_published_is_refused_with_those_that_were(office: Path) -> None:
    answer = modbot(office, "models", "add", "detoxify", "--variant", "huge")
    assert answer.status == 1
    assert "unbiased-small" in answer.err


def test_files_from_a_folder_are_installed_and_a_later_change_is_found(
    office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_detoxify, "variants", lambda: {"original": variant()})
    given = tmp_path / "given"
    given.mkdir()
    answer = modbot(office, "models", "add", "detoxify", "--from", str(given))
    assert (answer.status, "There is no file" in answer.err) == (1, True)
    for name in (CHECKPOINT, CONFIG, TOKENIZER):
        (given / name).write_bytes(b"{}")
    answer = modbot(office, "models", "add", "detoxify", "--from", str(given))
    assert answer.status == 0, answer.err
    assert "change no verdict" in answer.err
    assert "Apache-2.0" in (folder_of(office.parent / "district") / "CARD.md").read_text()
    answer = modbot(office, "models", "list", "--json")
    [line] = [each for each in answer.data if each["name"] == "detox"]
    assert (answer.status, line["what"], line["used"], line["files"]) == (
        0,
        "original",
        True,
        "as they should be",
    )
    (folder_of(office.parent / "district") / CHECKPOINT).write_bytes(b"changed")
    answer = modbot(office, "models", "list")
    assert answer.status == 1
    assert "SHA-256" in answer.out


def test_the_doctor_names_a_file_that_was_changed(office: Path) -> None:
    shutil.copytree(folder_of(DISTRICT), folder_of(office.parent / "district"))
    (folder_of(office.parent / "district") / ONNX).write_bytes(b"changed")
    answer = modbot(office, "doctor")
    assert answer.status == 1
    assert "detox cannot be loaded: ModelTampered" in answer.out


def test_exporting_without_weights_or_without_torch_says_what_is_missing(office: Path) -> None:
    answer = modbot(office, "models", "export", "detoxify")
    assert answer.status == 1
    assert "modbot models add detoxify" in answer.err


def rules() -> policy.Policy:
    return policy.parse(POLICY.encode(), "policy.toml")


def test_no_comment_waits_for_an_advisor_that_is_absent(tmp_path: Path) -> None:
    ensemble = Ensemble([Keywords(), Detox(tmp_path)])
    ensemble.load()
    [found] = judge_all(ensemble, rules(), operating_points(models()), ["See you at the concert"])
    assert found.assessment.absent == ("detox",)
    assert found.is_complete
    assert found.missed == ()


def test_what_an_advisor_sees_is_written_down_apart_and_changes_no_verdict() -> None:
    limits = operating_points(models())
    ensemble = Ensemble([Keywords(), Detox(DISTRICT)])
    ensemble.load()
    [found] = judge_all(ensemble, rules(), limits, [INSULT])
    [without] = judge_all(Ensemble([Keywords()]), rules(), limits, [INSULT])
    assert found.verdict == without.verdict
    content = as_content(1, found, ensemble.version, "policy")
    [advice] = content["advice"]
    assert (advice["member"], advice["category"]) == ("detox", Category.HARASSMENT)
    assert "idiot" in INSULT[advice["spans"][0][0] : advice["spans"][0][1]]
    assert content["scores"] == as_content(1, without, ensemble.version, "policy")["scores"]


def test_a_case_shows_the_advice_and_says_that_it_does_not_count(store: Store, tmp_path: Path) -> None:
    office = install(tmp_path / "office", store)
    both = Ensemble([office.here.member, Detox(DISTRICT)])
    both.load()
    office.here.scorer.ensemble = both
    office.here.arrive(said("c1", "buy now you idiot"))
    office.here.score()
    number = office.only_case()
    shown = office.modbot("case", "show", str(number)).out
    assert "Beside it detox sees harassment or bullying, 0." in shown
    assert "counts for nothing here" in shown
    [item] = office.modbot("case", "show", str(number), "--json").data["revisions"]
    assert [each["category"] for each in item["judged"]["findings"]] == ["commercial"]
    assert [each["member"] for each in item["judged"]["advice"]] == ["detox"]
