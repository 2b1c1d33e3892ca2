"""Labels that are no class: several independent ones a row, or a number."""
