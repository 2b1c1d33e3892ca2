"""What is computed from a built run: pure functions of arrays."""
