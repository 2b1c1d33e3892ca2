"""Labels of a run that are no class, as its table of sequences holds them."""

import numpy as np
import pyarrow as pa

from hsvis.run.kinds.answers import Answering


def targets_of(sequences: pa.Table, answers: Answering, n_classes: int) -> np.ndarray | None:
    """(S, C) int8, 1 where a sequence has one of several independent classes, -1 unknown; None of others.

    Raises:
        ValueError: the table holds a class that there is not.
    """
    if answers.is_exclusive or not answers.has_classes:
        return None
    labels = sequences["labels"].combine_chunks()
    rows = np.repeat(np.arange(len(labels)), labels.value_lengths().to_numpy())
    classes = labels.flatten().to_numpy()
    if len(classes) and not -1 <= classes.min() <= classes.max() < n_classes:
        raise ValueError(f"its column `labels` holds other values than -1 to {n_classes - 1}")
    found = np.zeros((len(labels), n_classes), np.int8)
    found[rows, np.maximum(classes, 0)] = np.where(classes < 0, -1, 1)
    found[rows[classes < 0]] = -1
    found.flags.writeable = False
    return found
