from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from modbot import audit
from modbot.audit import Entry, digest
from modbot.store import Store, table
from modbot.tables import Content
from tests.modbot.installation import Answer, Installation, install


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Installation:
    office = install(tmp_path / "office", store)
    office.here.comes_in("Nice concert", "buy now \ud83d\x00")
    return office


def test_a_whole_log_is_proven(office: Installation) -> None:
    answer = office.modbot("audit", "verify")
    assert answer.status == 0
    assert answer.out.startswith(f"The log is whole: {len(office.here.kinds())} entries")
    assert office.modbot("audit", "verify", "--json").data["entries"] == len(office.here.kinds())


def test_a_changed_word_is_found_and_the_status_tells_it_from_other_failures(office: Installation) -> None:
    seq = tamper(office)
    answer = office.modbot("audit", "verify")
    assert answer.status == 3
    assert f"the content of entry {seq} (comment.seen) was changed" in answer.err
    assert "call the records officer" in answer.err


def tamper(office: Installation) -> int:
    """Change a word as somebody would who may do everything with the database."""
    seq = office.here.kinds().index("comment.seen") + 1
    contents = table(Content)
    with office.here.store.engine.begin() as connection:
        if office.here.store.dialect == "sqlite":
            for (name,) in connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).all():
                connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        else:
            connection.exec_driver_sql("ALTER TABLE content DISABLE TRIGGER USER")
        body = connection.execute(sa.select(contents.c.body).where(contents.c.seq == seq)).scalar_one()
        changed = body.replace("Nice concert", "Mean concert")
        connection.execute(sa.update(contents).where(contents.c.seq == seq).values(body=changed))
    return seq


def test_a_checkpoint_that_was_kept_elsewhere_proves_the_log(office: Installation) -> None:
    signed = office.modbot("audit", "checkpoint")
    assert signed.status == 0
    kept = office.folder / "checkpoints" / "checkpoints.jsonl"
    key = json.loads(kept.read_text())["public_key"]
    assert f"Public key: {key}" in signed.out
    proof = office.modbot(
        "audit", "verify", "--checkpoints", str(kept), "--public-key", key.upper(), "--json"
    )
    assert proof.data["checkpoints"] == 1


def test_another_signers_checkpoint_is_refused(office: Installation) -> None:
    office.modbot("audit", "checkpoint")
    answer = office.modbot("audit", "verify", "--public-key", "00" * 32)
    assert (answer.status, "signed with another key" in answer.err) == (3, True)


def test_signing_twice_signs_once(office: Installation) -> None:
    office.modbot("audit", "checkpoint")
    assert office.modbot("audit", "checkpoint").out == "Nothing new to sign.\n"


def test_a_file_that_holds_no_checkpoints_is_refused(office: Installation, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("hello\n")
    answer = office.modbot("audit", "verify", "--checkpoints", str(tmp_path / "x.jsonl"))
    assert (answer.status, "does not hold checkpoints" in answer.err) == (1, True)
    answer = office.modbot("audit", "verify", "--checkpoints", str(tmp_path / "none.jsonl"))
    assert (answer.status, "No such file" in answer.err) == (1, True)


def test_anybody_can_prove_the_log_from_its_export(office: Installation) -> None:
    lines = [json.loads(line) for line in office.modbot("audit", "export").out.splitlines()]
    assert len(lines) == len(office.here.kinds())
    previous = audit.GENESIS
    for line in lines:
        content = line.pop("content")
        body = None if content is None else audit.canonical(content)
        assert line["payload_hash"] == (audit.NO_PAYLOAD if body is None else digest(body))
        assert line["prev_hash"] == previous
        hashed = [line[field] for field in Entry.__dataclass_fields__ if field != "hash"]
        assert digest(json.dumps(hashed, separators=(",", ":"))) == line["hash"]
        previous = line["hash"]


def test_an_export_replaces_no_file(office: Installation, tmp_path: Path) -> None:
    out = tmp_path / "log.jsonl"
    assert office.modbot("audit", "export", "--out", str(out)).status == 0
    first = out.read_bytes()
    answer = office.modbot("audit", "export", "--out", str(out))
    assert (answer.status, "exists already" in answer.err) == (1, True)
    assert out.read_bytes() == first


def test_the_tail_shows_the_newest_entries_in_words_oldest_first(office: Installation) -> None:
    lines = office.modbot("audit", "tail", "-n", "2").out.splitlines()
    assert "The classifiers scored a comment" in lines[0]
    assert "A comment that may break a clause entered the review queue" in lines[1]
    assert [json.loads(line)["kind"] for line in json_tail(office, 2).out.splitlines()] == [
        "comment.scored",
        "case.opened",
    ]


def json_tail(office: Installation, count: int) -> Answer:
    return office.modbot("audit", "tail", "-n", str(count), "--json")


def test_a_tail_of_nothing_is_refused(office: Installation) -> None:
    assert office.modbot("audit", "tail", "-n", "0").status == 2
