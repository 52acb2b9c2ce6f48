"""Structured data files to text with places."""
