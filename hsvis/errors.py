"""The few kinds of error that a user of hsvis can meet.

Each message names what was wrong, where, and what to do about it; the command line prints it
without a traceback and ends with exit code 2.
"""


class HsvisError(Exception):
    """Something the user can mend; the message says how."""


class ConfigError(HsvisError):
    """A configuration that can't be read or makes no sense."""


class DataError(HsvisError):
    """A dataset that is missing, can't be read, or does not fit its configuration."""


class ModelError(HsvisError):
    """A model or checkpoint that can't be built, trained or loaded."""


class CacheError(HsvisError):
    """A cache folder that can't be written, or a file in it that can't be read."""


class ServerError(HsvisError):
    """A dashboard that can't be served, such as a port that is taken."""
