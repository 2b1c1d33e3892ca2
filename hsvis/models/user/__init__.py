"""A user's own model: found, loaded, understood, unchanged."""
