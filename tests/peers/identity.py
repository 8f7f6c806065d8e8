"""A real OpenID provider on a free loopback port: Django's accounts with django-oauth-toolkit."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx

from tests.peers import missing
from tests.peers.guarded import Guarded, wait_until

SITE = Path(__file__).with_name("identity_site.py")
CLIENT, SECRET, PASSWORD = "modbot", "an invented secret", "an invented password"


@dataclass(frozen=True)
class Identities:
    issuer: str
    site: str

    def sign_in(self, browser: httpx.Client, address: str, name: str) -> httpx.Response:
        """From modbot's redirect through the provider's form; the answer that leads back to modbot."""
        answer = self._follow(browser, browser.get(address))
        if "csrfmiddlewaretoken" in answer.text:
            (token,) = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', answer.text)
            form = {"csrfmiddlewaretoken": token, "username": name, "password": PASSWORD}
            posted = browser.post(answer.url, data=form, headers={"Referer": str(answer.url)})
            answer = self._follow(browser, posted)
        return answer

    def type_in(self, browser: httpx.Client, name: str, code: str, client: str) -> None:
        """Sign in and agree to a code that another device shows."""
        self.sign_in(browser, f"{self.site}/login", name)

        def post(path: str, **form: str) -> httpx.Response:
            token = browser.cookies["csrftoken"]
            return browser.post(f"{self.issuer}/{path}", data=form | {"csrfmiddlewaretoken": token})

        assert post("device/", user_code=code).status_code == 302
        assert post(f"device-confirm/{client}/{code}", action="accept").status_code == 302

    def _follow(self, browser: httpx.Client, answer: httpx.Response) -> httpx.Response:
        """Redirects for as long as they stay at the provider."""
        while answer.next_request is not None and str(answer.next_request.url).startswith(self.site):
            answer = browser.send(answer.next_request)
        return answer


@contextmanager
def identities(folder: Path, port: int, redirect: str, *people: str) -> Iterator[Identities]:
    """`people` are name:address, followed by :verified where the provider has verified it."""
    if find_spec("oauth2_provider") is None:
        missing("django-oauth-toolkit", "pip install django-oauth-toolkit")
    named = [f"{name}:{PASSWORD}:{rest}" for name, _, rest in (person.partition(":") for person in people)]
    command = [sys.executable, str(SITE), str(folder), str(port), redirect, CLIENT, SECRET, *named]
    server = Guarded(command, folder / "log", dict(os.environ))
    site = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{site}/login").status_code == 200
        return False

    try:
        wait_until(answers, server)
        yield Identities(f"{site}/o", site)
    finally:
        server.stop()
