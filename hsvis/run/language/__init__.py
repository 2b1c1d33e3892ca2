"""What a run of a language model has in place of an EP over classes."""
