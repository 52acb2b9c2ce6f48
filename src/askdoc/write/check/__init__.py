"""The check of a claim against the sentences it cites."""
