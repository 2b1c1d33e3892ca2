"""What must hold before other people are served."""

from hsvis import paths
from hsvis.errors import ServerError


def check_no_debugging() -> None:
    """Raises ServerError where the environment asks Dash or Flask for debugging: it shows code to anyone."""
    wanted = paths.debug_switches()
    if wanted:
        raise ServerError(
            f"{' and '.join(wanted)} ask for debugging, which shows code and paths to anyone who "
            "can reach the server. Unset them, or serve without --production."
        )
