"""Places in an adapter's source from which its platform is asked: all of them, and those that were passed."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from types import ModuleType
from typing import Any

import pytest

Place = tuple[str, str]
"""The function that asks, as `Class.function`, and what it calls."""


def places(modules: Sequence[ModuleType], holder: str, calls: Collection[str]) -> set[Place]:
    """Every `holder.call(…)` and `….holder.call(…)` in the source of the modules."""
    found: set[Place] = set()
    for module in modules:
        _search(ast.parse(inspect.getsource(module)), (), holder, calls, found)
    return found


def passed(monkeypatch: pytest.MonkeyPatch, of: type, calls: Collection[str]) -> set[Place]:
    """Filled with the places from which `calls` of the class are made from now on."""
    seen: set[Place] = set()
    for name in calls:
        monkeypatch.setattr(of, name, _told(of, name, seen))
    return seen


def _told(of: type, name: str, seen: set[Place]) -> Callable[..., Any]:
    call: Callable[..., Any] = getattr(of, name)

    @wraps(call)
    def telling(*args: Any, **named: Any) -> Any:
        caller = sys._getframe(1).f_code.co_qualname.partition(".<locals>")[0]
        seen.add((caller, name))
        return call(*args, **named)

    return telling


def _search(
    node: ast.AST, within: tuple[str, ...], holder: str, calls: Collection[str], found: set[Place]
) -> None:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        within = (*within, node.name)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in calls:
        held = node.func.value
        named = held.attr if isinstance(held, ast.Attribute) else getattr(held, "id", "")
        if named == holder:
            found.add((".".join(within[:2]), node.func.attr))
    for child in ast.iter_child_nodes(node):
        _search(child, within, holder, calls, found)
