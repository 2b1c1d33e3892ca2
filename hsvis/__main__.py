"""`python -m hsvis`: the same as the `hsvis` command."""

import sys

from hsvis.cli import main

if __name__ == "__main__":
    sys.exit(main())
