"""alerts, the on-call chain, reports"""

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    op.create_index("ix_audit_event_kind", "audit_event", ["kind", "seq"])
