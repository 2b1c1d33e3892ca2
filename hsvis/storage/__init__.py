"""Files: whole or not at all, locked, checked."""
