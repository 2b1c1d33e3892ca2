"""What stands around every request: who asks, from where, and what is told about it."""
