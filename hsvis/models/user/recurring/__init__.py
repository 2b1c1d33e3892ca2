"""The states of whatever recurs in a user's module: recorded, recomputed, or given by a function."""
