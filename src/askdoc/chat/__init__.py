"""Follow-up questions and kept conversations."""
