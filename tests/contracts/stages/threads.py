from __future__ import annotations

from tests.contracts.stages.manual import stage

__all__ = ["stage"]
