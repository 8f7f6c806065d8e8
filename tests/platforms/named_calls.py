"""Which calls an adapter's own source can make, so that none is left out when they are compared."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Collection
from types import ModuleType

PASSED_ON = {"verb", "path", "name"}
"""Arguments that a function was given itself: its callers are read as well."""


def calls_in(module: ModuleType, by: Collection[str]) -> set[str]:
    """The paths, or names of methods, that `module` hands to the functions `by`; `{}` for what varies in one.

    Fails where it cannot be read from the source which call it is.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in by:
            asked = next(each for each in node.args if not _is_verb(each))
            found |= {_text(asked)} if not isinstance(asked, ast.Name) else _named(asked)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found |= {_text(node.value)} if node.targets[0].id == "path" else set()
    return found


def _is_verb(node: ast.expr) -> bool:
    is_word = isinstance(node, ast.Constant) and str(node.value).isupper()
    return is_word or (isinstance(node, ast.Name) and node.id == "verb")


def _named(node: ast.Name) -> set[str]:
    assert node.id in PASSED_ON, f"line {node.lineno}: nobody can read here what is asked for"
    return set()


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
    assert isinstance(node, ast.Constant), f"line {node.lineno}: nobody can read here what is asked for"
    return str(node.value)
