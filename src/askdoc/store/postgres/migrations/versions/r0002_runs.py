"""Let several runs index at once, and each publish its documents in one transaction."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_CHANGES = """
ALTER TABLE runs ADD COLUMN until timestamptz NOT NULL DEFAULT now();
ALTER TABLE documents ADD COLUMN run bigint;
ALTER TABLE documents ADD COLUMN ready boolean NOT NULL DEFAULT false;
CREATE INDEX documents_waiting ON documents (run) WHERE version = 0;
CREATE TABLE claims (location name_text PRIMARY KEY, run bigint NOT NULL);
CREATE INDEX claims_by_run ON claims (run);
CREATE TABLE staged_vectors (
    id name_text PRIMARY KEY, document name_text NOT NULL, vector vector NOT NULL
);
ALTER TABLE staged_vectors ALTER COLUMN vector SET STORAGE EXTERNAL;
CREATE INDEX staged_vectors_by_document ON staged_vectors (document);
"""


def upgrade() -> None:
    """Add leases, claims, and a place for vectors that are not published yet."""
    for statement in _CHANGES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Refuse: what is not published yet would be lost."""
    message = "there is no way back to the version before"
    raise NotImplementedError(message)
