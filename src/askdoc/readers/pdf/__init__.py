"""PDF files to text with places."""
