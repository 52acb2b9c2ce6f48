"""One adapter per library; their types and exceptions never leave it."""
