"""What the page says of answers that are no class that wins."""
