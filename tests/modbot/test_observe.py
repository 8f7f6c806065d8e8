from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from modbot import observe

SECRET = "hunter2-XYZ-9876"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log's output as JSON lines."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    observe.configure("info", "json")
    stream = io.StringIO()
    assert isinstance(root.handlers[0], logging.StreamHandler)
    root.handlers[0].setStream(stream)
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "fields",
    [
        {"password": SECRET},
        {"application_password": SECRET},
        {"access_token": SECRET},
        {"api_key": SECRET},
        {"headers": {"Authorization": f"Basic {SECRET}"}},
        {"settings": [{"secret": SECRET}]},
        {"value": SecretStr(SECRET)},
        {"url": f"postgresql://bot:{SECRET}@db/modbot"},
        {"detail": f"GET https://example.org/?access_token={SECRET} failed"},
        {"detail": f"sent Bearer {SECRET}"},
        {"detail": f"POST https://discord.com/api/webhooks/1234/{SECRET}"},
        {"detail": f"client_secret={SECRET}"},
        {"detail": f"fb_exchange_token={SECRET}&x=1"},
        {"detail": f"appsecret_proof={SECRET}"},
        {"detail": f'{{"password": "{SECRET}"}}'},
        {"detail": f"application_password: {SECRET}"},
        {"error": ValueError(f"cannot reach redis://:{SECRET}@cache")},
    ],
)
def test_a_secret_never_reaches_the_log(lines: io.StringIO, fields: dict[str, object]) -> None:
    structlog.get_logger().warning("something.happened", **fields)
    assert SECRET not in lines.getvalue()
    assert observe.REDACTED in lines.getvalue()


def test_a_librarys_own_log_lines_are_cleaned_as_well(lines: io.StringIO) -> None:
    logging.getLogger("somelibrary").error("cannot open postgresql://bot:%s@db/modbot", SECRET)
    assert SECRET not in lines.getvalue()


def test_a_traceback_is_cleaned_as_well(lines: io.StringIO) -> None:
    try:
        raise RuntimeError(f"token={SECRET}")
    except RuntimeError:
        structlog.get_logger().exception("it.broke")
    assert SECRET not in lines.getvalue()
    assert "RuntimeError" in lines.getvalue()


def test_a_line_is_json_with_time_level_and_fields(lines: io.StringIO) -> None:
    structlog.get_logger().info("page.open", page="blog", seen=3)
    line = json.loads(lines.getvalue())
    assert (line["event"], line["page"], line["seen"], line["level"]) == ("page.open", "blog", 3, "info")
    assert line["timestamp"].endswith("Z")


def test_ordinary_text_is_left_alone() -> None:
    text = "See https://blog.example.org/post?id=5 at 8:00, ask a.b@example.org about the token economy"
    assert observe.redact_text(text) == text
