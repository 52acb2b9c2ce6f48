"""The operating system: processes, limits, interrupts, opening files."""
