"""Suites of questions, grading, metrics, gate and report."""
