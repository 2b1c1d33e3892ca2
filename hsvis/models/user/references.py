"""`package.module:name`: what a config names in somebody's own code."""

import importlib
import pkgutil
import sys
from typing import Any

from hsvis.errors import ModelError, nearest

EVERY = 20  # names in a module that a message lists


def resolve_reference(reference: str, setting: str) -> Any:
    """What `package.module:name` refers to.

    Args:
        setting: where it stands, in the block `model` unless it names another.

    Raises:
        ModelError: there is no such thing.
    """
    setting = setting if "." in setting else f"model.{setting}"
    module, _, name = reference.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except ImportError as error:
        guess = nearest(module, _modules_beside(module), every=False)
        raise ModelError(
            f"`{setting}`: `{module}` can't be imported ({error}).{' ' * bool(guess)}{guess} Install "
            "it, or start hsvis in the folder that holds it."
        ) from error
    except (Exception, SystemExit) as error:  # whatever a user's module does when it is imported
        raise ModelError(
            f"`{setting}`: importing `{module}` raised {type(error).__name__}: {error}. Mend it: "
            f'`python -c "import {module}"` shows where.'
        ) from error
    at = module
    for part in name.split("."):
        if not hasattr(found, part):
            there = [one for one, value in vars(found).items() if callable(value) and one[:1] != "_"]
            short = len(there) <= EVERY
            raise ModelError(
                f"`{setting}`: `{at}` has no `{part}`. {nearest(part, there, every=short)}".rstrip()
            )
        found, at = getattr(found, part), f"{at}.{part}"
    if not callable(found):
        raise ModelError(
            f"`{setting}`: `{reference}` is {type(found).__name__}, which can't be called. Name a "
            "function or a class."
        )
    return found


def _modules_beside(module: str) -> list[str]:
    """Modules that lie where a module of this name would."""
    parent, _, _ = module.rpartition(".")
    try:
        places = importlib.import_module(parent).__path__ if parent else sys.path
    except (Exception, SystemExit):  # whatever a user's package does when it is imported
        return []
    return [f"{parent}.{one.name}" if parent else one.name for one in pkgutil.iter_modules(places)]
