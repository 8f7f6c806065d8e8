"""Who may do what. Pure; the People page shows this matrix, and a test walks every route by it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    READ = "read"
    DECIDE = "decide"
    LEAD = "lead"
    RELEASE = "release"
    APPEAL = "appeal"
    MANAGE = "manage"
    AUDIT = "audit"


_READ, _DECIDE, _LEAD = Permission.READ, Permission.DECIDE, Permission.LEAD

# Who decides appeals decides nothing else: an appeal goes to somebody who was not part of the decision.
# An administrator may decide but not release records, so that nobody alone can make a record disappear.
MATRIX: Mapping[str, frozenset[Permission]] = {
    "moderator": frozenset({_READ, _DECIDE}),
    "lead": frozenset({_READ, _DECIDE, _LEAD, Permission.AUDIT}),
    "records_officer": frozenset({_READ, _DECIDE, _LEAD, Permission.RELEASE, Permission.AUDIT}),
    "administrator": frozenset({_READ, _DECIDE, _LEAD, Permission.MANAGE, Permission.AUDIT}),
    "appeals_officer": frozenset({_READ, Permission.APPEAL, Permission.AUDIT}),
    "auditor": frozenset({_READ, Permission.AUDIT}),
    "viewer": frozenset({_READ}),
}
ROLES = tuple(MATRIX)


def allows(role: str, permission: Permission) -> bool:
    """False for a role that is not known."""
    return permission in MATRIX.get(role, frozenset())


def holders(permission: Permission) -> tuple[str, ...]:
    """The roles that have this permission."""
    return tuple(role for role, granted in MATRIX.items() if permission in granted)


DECIDERS = holders(Permission.DECIDE)
LEADS = holders(Permission.LEAD)
"""Who may settle a case that was escalated."""
