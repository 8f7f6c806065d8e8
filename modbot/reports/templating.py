"""The templates of the pages that need nothing beside them: reports and audits."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from modbot import resources


@cache
def environment() -> Environment:
    """Whatever is put into a template stands in the page as text; a name that is missing is an error."""
    templates = FileSystemLoader(resources.folder("reports") / "templates")
    return Environment(
        loader=templates, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
