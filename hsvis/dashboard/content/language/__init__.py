"""What is told of the states of a language model."""
