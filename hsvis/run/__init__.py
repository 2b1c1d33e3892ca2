"""What lies on the disk of one run, and how it is read."""
