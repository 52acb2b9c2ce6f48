"""Processes, limits, safe opening of files and interrupts: what askdoc needs from the operating system."""
