"""What the page's scripts, and programs, ask for."""
