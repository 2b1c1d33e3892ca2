"""What routes and callbacks answer with, without Flask or Dash."""
