"""A language model writes claims, and each claim is checked against its sources."""
