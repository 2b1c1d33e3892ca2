"""One view a file, one function each: arrays in, go.Figure out."""
