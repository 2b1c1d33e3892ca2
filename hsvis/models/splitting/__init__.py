"""Texts cut by a tokenizer file or somebody's own function: `OwnSplitter`s of `corpus.splitters`."""
