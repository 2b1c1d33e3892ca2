"""What the readers of archives give."""

from dataclasses import dataclass, field

import numpy as np

from hsvis.remarks import Remark


@dataclass(frozen=True)
class Archive:
    """Sequences of a split as they stand in its files.

    Attributes:
        source: the files, for messages.
        sequences: S times (T, F) float32, NaN where a value is missing.
        labels: S, as text.
        names: of the classes, where the file says them.
        features: F names, where something says them.
    """

    source: str
    sequences: list[np.ndarray]
    labels: list[str | None]
    names: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    remarks: list[Remark] = field(default_factory=list)
