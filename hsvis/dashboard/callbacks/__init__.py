"""What the page does, one concern a file: plain functions, and one `register` each that wires them."""
