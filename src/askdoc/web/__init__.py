"""Fetches web pages as files for the readers."""
