"""Lines and headings in plain text, shared by readers."""
