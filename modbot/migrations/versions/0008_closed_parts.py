"""closed parts: what of a page cannot be read, and since when it was not looked through for edits"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision: str = "0008"
down_revision: str | None = "0007"


def upgrade() -> None:
    for name in ("unreadable", "unchecked"):
        op.add_column("page", sa.Column(f"{name}_since", UTCDateTime(), nullable=True))
        op.add_column("page", sa.Column(name, AutoString(), nullable=False, server_default=""))
