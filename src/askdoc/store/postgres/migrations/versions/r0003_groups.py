"""Show each asker the documents of their groups alone.

A second schema has a view for each table that is read. Whoever asks reads these views, also the
owner of the tables and a superuser, for whom row-level security would not hold. A reader needs no
right to the tables.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = """
CREATE TABLE group_places (location name_text PRIMARY KEY, groups text[] NOT NULL);
ALTER TABLE documents ADD COLUMN terms bigint NOT NULL DEFAULT 0;
UPDATE documents d SET terms = counted.terms FROM (
    SELECT c.document, sum(p.length) AS terms
    FROM (SELECT DISTINCT chunk, length FROM postings) p JOIN chunks c ON c.key = p.chunk
    GROUP BY c.document
) counted WHERE d.key = counted.document;
CREATE FUNCTION asked_groups() RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array(
        SELECT name FROM unnest(string_to_array(current_setting('askdoc.groups', true), ',')) name
        WHERE has_table_privilege('{0}.documents', 'SELECT') OR EXISTS (
            SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname = '{1}_' || name
            AND pg_catalog.pg_has_role(r.oid, 'MEMBER')
        )
    )
$$;
CREATE FUNCTION sees_all(asked text[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM {0}.group_places WHERE groups <> '{{}}' AND NOT groups && asked
    )
$$;
CREATE FUNCTION hides(place text, asked text[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog AS $$
    SELECT EXISTS (
        SELECT 1 FROM {0}.group_places WHERE groups <> '{{}}' AND NOT groups && asked
        AND (location IN ('.', place) OR starts_with(place, location || '/'))
    )
$$;
CREATE FUNCTION has_groups() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog AS $$
    SELECT EXISTS (SELECT 1 FROM {0}.group_places WHERE groups <> '{{}}')
$$;
CREATE TABLE salt AS SELECT gen_random_uuid()::text AS value
"""
"""A group is asked for by whoever may read the tables, such as a server, and by the members of the
role of that name."""

_ALL = "(SELECT {0}.sees_all({0}.asked_groups()))"
_OPEN = "NOT {0}.hides(location, (SELECT {0}.asked_groups()))"
_OF_DOCUMENT = f"{_ALL} OR EXISTS (SELECT 1 FROM {{1}}.documents d WHERE d.{{2}} = t.{{3}})"

_VIEWS: dict[str, str | tuple[str, str]] = {
    "documents": """SELECT * FROM {0}.documents WHERE version = 1
        AND (groups = '{{}}' OR groups && (SELECT {0}.asked_groups()))""",
    "copies": ("id", "document"),
    "fields": ("key", "document"),
    "texts": ("key", "document"),
    "chunks": ("key", "document"),
    "terms": ("key", "document"),
    "vectors": ("id", "document"),
    "sentence_vectors": f"""SELECT * FROM {{0}}.sentence_vectors t WHERE {_ALL}
        OR EXISTS (SELECT 1 FROM {{1}}.chunks c WHERE c.key = t.chunk)""",
    "postings": f"""SELECT * FROM {{0}}.postings t WHERE {_ALL} OR EXISTS (
        SELECT 1 FROM {{0}}.chunks c JOIN {{1}}.documents d ON d.key = c.document
        WHERE c.key = t.chunk)""",
    "vocabulary": f"""SELECT term, doc FROM {{0}}.vocabulary WHERE {_ALL}
        UNION ALL SELECT term, count(*) FROM {{1}}.postings WHERE NOT {_ALL} GROUP BY term""",
    "totals": f"""SELECT chunks, terms FROM {{0}}.totals WHERE {_ALL}
        UNION ALL SELECT coalesce(sum(chunks), 0)::bigint, coalesce(sum(terms), 0)::bigint
        FROM {{1}}.documents WHERE NOT {_ALL} HAVING NOT {_ALL}""",
    "meta": f"""SELECT key, CASE WHEN key <> 'corpus_fingerprint' OR {_ALL} THEN value ELSE
        encode(sha256(convert_to(concat(value, (SELECT max(value) FROM {{0}}.salt),
        array_to_string({{0}}.asked_groups(), ',')), 'UTF8')), 'hex') END AS value
        FROM {{0}}.meta""",
    "sources": f"SELECT * FROM {{0}}.sources WHERE {_OPEN}",
    "exclusions": f"SELECT * FROM {{0}}.exclusions WHERE {_OPEN}",
    "skipped": f"SELECT * FROM {{0}}.skipped WHERE {_OPEN}",
    "obsolete": "SELECT * FROM {0}.obsolete",
    "runs": "SELECT * FROM {0}.runs",
}
"""The views: their queries, or the column of documents and their own by which they belong to one.

`{0}` is the schema of the tables, `{1}` that of the views.
"""


def upgrade() -> None:
    """Add groups of places, and the views."""
    schema = op.get_bind().exec_driver_sql("SELECT current_schema()").scalar_one()
    tables, views = f'"{schema}"', f'"{schema}_seen"'
    for statement in _split(_TABLES):
        op.execute(statement.format(tables, schema))
    op.execute(f"CREATE SCHEMA {views}")
    for name, made in _VIEWS.items():
        if isinstance(made, tuple):
            query = f"SELECT * FROM {tables}.{name} t WHERE " + _OF_DOCUMENT
            op.execute(f"CREATE VIEW {views}.{name} AS " + query.format(tables, views, *made))
        else:
            op.execute(f"CREATE VIEW {views}.{name} AS " + made.format(tables, views))


def _split(statements: str) -> list[str]:
    """Split at the ends of lines with `;`, but not inside of functions."""
    parts, open_function = [""], False
    for line in statements.strip().split("\n"):
        parts[-1] += f"{line}\n"
        open_function ^= line.count("$$") == 1
        if line.endswith(";") and not open_function:
            parts[-1] = parts[-1].rstrip("\n;")
            parts.append("")
    return [part for part in parts if part.strip()]


def downgrade() -> None:
    """Refuse: documents of groups would be open to all."""
    message = "there is no way back to the version before"
    raise NotImplementedError(message)
