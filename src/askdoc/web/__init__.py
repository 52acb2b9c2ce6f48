"""Pages fetched from the web, as files that the readers can read."""
