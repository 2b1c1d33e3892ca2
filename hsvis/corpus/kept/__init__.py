"""Columns of a dataset that are kept beside its texts and labels: which, and what their cells are."""
