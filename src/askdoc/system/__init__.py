"""What askdoc needs of the operating system: processes, limits, interrupts, opening files."""
