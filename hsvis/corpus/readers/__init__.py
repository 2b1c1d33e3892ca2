"""Files as people have them -> columns."""
