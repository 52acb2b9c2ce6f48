"""The tables of a shared library, version by version; Alembic runs them."""
