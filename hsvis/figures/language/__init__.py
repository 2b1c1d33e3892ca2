"""The figures of language models, in place of those of classes."""
