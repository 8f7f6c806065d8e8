"""Embeds: the framed part of a message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self


class Embed:
    """Built step by step: `Embed(title="…").add_field(name="…", value="…").set_footer(text="…")`."""

    def __init__(
        self,
        *,
        title: str | None = None,
        description: str | None = None,
        url: str | None = None,
        color: int | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        if timestamp is not None and timestamp.tzinfo is None:
            raise ValueError("an embed's timestamp needs a time zone")
        given = {"title": title, "description": description, "url": url, "color": color}
        self._data: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if timestamp is not None:
            self._data["timestamp"] = timestamp.isoformat()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """As Discord sends it."""
        made = cls()
        made._data = {name: value for name, value in data.items() if name != "type"}
        return made

    def add_field(self, *, name: str, value: str, inline: bool = True) -> Self:
        self._data.setdefault("fields", []).append({"name": name, "value": value, "inline": inline})
        return self

    def set_footer(self, *, text: str, icon_url: str | None = None) -> Self:
        return self._set("footer", text=text, icon_url=icon_url)

    def set_author(self, *, name: str, url: str | None = None, icon_url: str | None = None) -> Self:
        return self._set("author", name=name, url=url, icon_url=icon_url)

    def set_image(self, *, url: str) -> Self:
        return self._set("image", url=url)

    def set_thumbnail(self, *, url: str) -> Self:
        return self._set("thumbnail", url=url)

    def to_dict(self) -> dict[str, Any]:
        fields = [dict(field) for field in self._data.get("fields", ())]
        return {"type": "rich", **self._data} | ({"fields": fields} if fields else {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Embed) and self._data == other._data

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        """The characters that count towards Discord's 6,000."""
        texts = [self._data.get("title"), self._data.get("description")]
        texts += [self._data.get("footer", {}).get("text"), self._data.get("author", {}).get("name")]
        texts += [text for field in self._data.get("fields", ()) for text in (field["name"], field["value"])]
        return sum(len(text) for text in texts if text)

    def __bool__(self) -> bool:
        return bool(self._data)

    def _set(self, part: str, **values: str | None) -> Self:
        self._data[part] = {name: value for name, value in values.items() if value is not None}
        return self
