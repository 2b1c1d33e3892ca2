"""`python app.py`: builds what is missing of the given runs and serves the dashboard."""

import sys

from hsvis.cli import app

if __name__ == "__main__":
    sys.exit(app())
