"""The few kinds of error that a user of hsvis can meet.

Each message names what was wrong, where, and what to do about it; the command line prints it
without a traceback and ends with exit code 2.
"""

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path


class HsvisError(Exception):
    """Something the user can correct; the message says how."""


class ConfigError(HsvisError):
    """A configuration that can't be read or makes no sense."""


class DataError(HsvisError):
    """A dataset that is missing, can't be read, or does not fit its configuration."""


class ModelError(HsvisError):
    """A model or checkpoint that can't be built, trained or loaded."""


class CacheError(HsvisError):
    """A cache folder that can't be written, or a file in it that can't be read."""


class DamagedFileError(CacheError):
    """A file of a built run that can't be read; `path` is the file."""

    def __init__(self, path: Path, cause: object) -> None:
        why = "it is not there" if isinstance(cause, FileNotFoundError) else cause
        self.path, self._errno = path, getattr(cause, "errno", None)
        super().__init__(f"{path}: can't be read ({why}). {self._remedy}")

    @property
    def _remedy(self) -> str:
        if self._errno in (None, errno.ENOENT, errno.EIO):
            return "Build the run again: only this file is made again."
        return "Look whether hsvis may read it, and what else the system needs to open it."

    @property
    def is_of_content(self) -> bool:
        """Whether the file is there but makes no sense: once it is set aside, the next build makes it."""
        return self._errno in (None, errno.EIO)

    @property
    def told(self) -> str:
        """The message for a page: with the file's place in the run, not that on the server's disk."""
        place = "/".join(self.path.parts[-3:])
        return f"{place}: can't be read. {self._remedy}"


class ReplacedFileError(DamagedFileError):
    """A file of an opened run that another build has replaced: it is sound, but of another run."""

    def __init__(self, path: Path) -> None:
        HsvisError.__init__(
            self,
            f"{path}: the run was rebuilt since this page was opened, with other hidden states. "
            "Reload the page to see the new run.",
        )
        self.path, self._errno = path, None

    @property
    def told(self) -> str:
        said = str(self).removeprefix(f"{self.path}: ")
        return said[0].upper() + said[1:]


class GoneError(HsvisError):
    """What a page shows is no longer kept by the server."""


class ServerError(HsvisError):
    """A dashboard that can't be served, such as a port that is taken."""


class UsersError(HsvisError):
    """A file of users that can't be read or written, or a name or password that won't do."""


class NotesError(HsvisError):
    """A file of notes that can't be read or written; `reason` says why, and what to do, without the path."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}.")
        self.path, self.reason = path, reason


class ClientGoneError(Exception):
    """Whoever asked has closed the connection: nothing is left to be done."""


def nearest(wrong: str, there: Iterable[str], *, every: bool = True) -> str:
    """The remedy for a name that is not there: the one that is meant, it seems, and all that there are.

    Args:
        every: whether to list them all.
    """
    names = list(there)
    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    guess = f"Did you mean `{close[0]}`? " if close else ""
    return (guess + (f"There are: {', '.join(names) or 'none'}." if every else "")).rstrip()
