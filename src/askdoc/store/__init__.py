"""The index on disk: the SQLite catalog and the Chroma vectors."""
