"""Pairs of texts that a model reads together, such as premise and hypothesis."""
