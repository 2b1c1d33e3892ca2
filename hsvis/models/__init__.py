"""Models that hsvis can show.

`from_torch` makes a HiddenStateModel of anyone's torch classifier; see docs/bring-your-own-model.md.
"""

from typing import Any

__all__ = ["from_torch"]


def __getattr__(name: str) -> Any:
    if name == "from_torch":  # torch takes seconds to import, and much of the package needs none
        from hsvis.models.user.adapter import from_torch  # noqa: PLC0415

        return from_torch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
