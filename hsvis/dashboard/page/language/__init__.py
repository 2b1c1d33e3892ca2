"""What the page says of language models."""
