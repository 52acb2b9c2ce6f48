"""Office files to text with places."""
