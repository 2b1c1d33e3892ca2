"""Files that label words: a word a line, beside its tags."""
