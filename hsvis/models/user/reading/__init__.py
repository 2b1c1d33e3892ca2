"""How a user's model reads texts: vocabularies, tokenizer files, functions, and what embeddings look up."""
