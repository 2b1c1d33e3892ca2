"""Figures of answers that are no class."""
