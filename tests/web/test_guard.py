from __future__ import annotations

from pathlib import Path

import pytest

from modbot.store import Store
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.static_files import static
from tests.web.visitor import HERE, Visitor, settings


@pytest.fixture
def visitor(tmp_path: Path, migrated_file: Path) -> Visitor:
    return Visitor(create_app(Desk(settings(tmp_path), Store(f"sqlite:///{migrated_file}"))))


def test_every_answer_forbids_script_and_frames_of_others(visitor: Visitor) -> None:
    for path in ("/healthz", static("modbot.css"), "/nowhere"):
        headers = visitor.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example"])
def test_a_name_that_somebody_points_at_this_machine_is_refused(visitor: Visitor, host: str) -> None:
    assert visitor.get("/healthz", Host=host).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1"])
def test_this_machines_own_names_are_served(visitor: Visitor, host: str) -> None:
    assert visitor.get("/healthz", Host=host).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "http://127.0.0.1:9999", "http://localhost:8080"]
)
def test_a_form_of_another_page_is_refused_whatever_it_asks(visitor: Visitor, origin: str) -> None:
    assert visitor.post("/healthz", {}, Origin=origin).status_code == 403


def test_a_form_of_our_own_page_gets_through(visitor: Visitor) -> None:
    assert visitor.post("/healthz", {}, Origin=HERE).status_code == 405


def test_the_interface_is_not_described_to_strangers(visitor: Visitor) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/practice"):
        assert visitor.get(path).status_code == 404


def test_files_outside_the_static_folder_are_not_served(visitor: Visitor) -> None:
    for path in ("../app.py", "%2e%2e/app.py", "/etc/passwd"):
        assert visitor.get(static(path)).status_code in (400, 404)


def test_browsers_keep_scripts_and_styles_but_no_page(visitor: Visitor) -> None:
    kept = {path: visitor.get(path).headers["cache-control"] for path in (static("desk.js"), "/sign-in")}
    assert "immutable" in kept[static("desk.js")]
    assert kept["/sign-in"] == "no-store"
    assert visitor.get("/static/of-another-version/desk.js").status_code == 404
