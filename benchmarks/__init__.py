"""Figures of speed and accuracy, each beside what it is compared with: `python -m benchmarks`."""
