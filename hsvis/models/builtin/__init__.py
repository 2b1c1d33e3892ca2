"""The classifier that comes with hsvis, and its training."""
