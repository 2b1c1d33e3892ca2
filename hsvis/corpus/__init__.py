"""From a dataset to texts or series, words and labels."""
