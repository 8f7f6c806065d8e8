from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from platforms.base import Platform
from platforms.linkedin import LinkedIn, LinkedInSettings
from tests.contracts.stages import Stage
from tests.simulators.linkedin import ORGANIZATION, SECRET, Organization


class LinkedInStage(Stage):
    secrets = ("linkedin-access", SECRET)
    unknown_id = "urn:li:comment:(urn:li:activity:7094637247890620418,987654321)"

    def __init__(self, organization: Organization) -> None:
        self.organization = organization

    def platform(self) -> Platform:
        settings = LinkedInSettings(
            organization=ORGANIZATION,
            access_token=SecretStr("linkedin-access"),
            client_id="client",
            client_secret=SecretStr(SECRET),
            api=self.organization.url,
            token_url=f"{self.organization.url}/oauth/v2/accessToken",
            allow_loopback=True,
            batch_size=30,
        )
        return LinkedIn("company", settings)

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        return [self.organization.write(text, parent=parent) for text in texts]

    def edit(self, comment_id: str, text: str) -> None:
        self.organization.edit(comment_id, text)

    def delete(self, comment_id: str) -> None:
        self.organization.delete(comment_id)

    def reader_sees(self, comment_id: str) -> bool:
        return self.organization.reader_sees(comment_id)


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield LinkedInStage(request.getfixturevalue("simulated_linkedin"))
