"""From files and pages to a published index."""
