"""What runs have whose answers are no class that wins."""
