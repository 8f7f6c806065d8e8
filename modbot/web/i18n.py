"""Pages in their reader's language: words by gettext, dates and numbers by Babel.

`speaking` sets the language around the making of a page; templates, filters and `gettext` follow it. The
source strings are English, and `locale/<language>.po` holds the others. In a template every string stands in
`_("…")` or in a trans block. A string that Python code keeps for a template is marked with `N_` and then
translated where it is shown: `{{ _(heading) }}`. Never hand strangers' text to `_`, as if it were ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from typing import Literal
from zoneinfo import ZoneInfo

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment

from modbot import resources

SOURCE = "en"
LANGUAGES = {"en": "English", "es": "Español"}
"""Code → the language's own name. The first is the language of the source strings."""
_REGION = "US"

_spoken: ContextVar[str] = ContextVar("language", default=SOURCE)


def N_(text: str) -> str:
    """Marks a string to be translated later; gettext's own name, by which strings are collected."""
    return text


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything that is rendered inside is in this language; English for one that modbot does not speak."""
    before = _spoken.set(language if language in LANGUAGES else SOURCE)
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> str:
    """The code of the language at this moment."""
    return _spoken.get()


def wanted(accept_language: str) -> str:
    """The language for somebody who has not signed in, from the browser's Accept-Language header."""
    codes = (part.split(";")[0].strip().split("-")[0].lower() for part in accept_language.split(","))
    return next((code for code in codes if code in LANGUAGES), SOURCE)


def gettext(text: str, **values: object) -> str:
    """The text in the spoken language, `%(name)s` replaced by the value of that name."""
    # The empty string would bring the catalogue's own header.
    translated = _catalogue(spoken()).gettext(text) if text else ""
    return translated % values if values else translated


def language_of(text: str) -> str:
    """The code of the language in which `gettext` gives this text: English where nobody translated it."""
    return SOURCE if gettext(text) == text else spoken()


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    translated = _catalogue(spoken()).ngettext(singular, plural, count)
    return translated % values if values else translated


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == SOURCE:
        return NullTranslations()
    with (resources.folder("locale") / f"{language}.po").open("rb") as file:
        catalogue = read_po(file)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """3:07:12 PM"""
    return dates.format_time(moment, "medium", tzinfo=zone, locale=_locale())


def when(moment: datetime, zone: ZoneInfo) -> str:
    """November 22, 2026 at 3:07:12 PM PST"""
    return _formatted(moment, "long", zone, _locale())


def short(moment: datetime, zone: ZoneInfo) -> str:
    """Nov 22, 2026, 3:07:12 PM"""
    return _formatted(moment, "medium", zone, _locale())


def day(date: date) -> str:
    """November 22, 2026"""
    return dates.format_date(date, "long", locale=_locale())


def lasting(seconds: float) -> str:
    """5 minutes"""
    return dates.format_timedelta(round(seconds), threshold=1.5, locale=_locale())


def ago(moment: datetime) -> str:
    """5 minutes ago"""
    seconds = round((moment - datetime.now(UTC)).total_seconds())
    return _passed(seconds if abs(seconds) < 90 else 60 * round(seconds / 60), _locale())


def number(value: int) -> str:
    """12,345"""
    return numbers.format_decimal(value, locale=_locale())


@lru_cache(maxsize=10_000)
def _formatted(moment: datetime, form: Literal["medium", "long"], zone: ZoneInfo, locale: str) -> str:
    """A list shows the same moments to everybody, again and again."""
    return dates.format_datetime(moment, form, tzinfo=zone, locale=locale)


@lru_cache(maxsize=10_000)
def _passed(seconds: int, locale: str) -> str:
    return dates.format_timedelta(seconds, add_direction=True, threshold=1.5, locale=locale)


def _locale() -> str:
    return f"{spoken()}_{_REGION}"


def install(environment: Environment) -> None:
    """Give templates `_`, trans blocks and the filters for dates and numbers.

    Not Jinja's "newstyle", which would take any text that is looked up for safe HTML.
    """
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(gettext, ngettext, newstyle=False)  # type: ignore[attr-defined]
    # Jinja's own `_` looks gettext up by its name each time.
    environment.globals |= {"_": gettext, "spoken": spoken, "languages": LANGUAGES}
    environment.filters |= {
        "clock": clock,
        "when": when,
        "short": short,
        "day": day,
        "lasting": lasting,
        "ago": ago,
        "number": number,
        "language_of": language_of,
    }
