"""The tables of a language model's run: the most probable next tokens of each step, and the vocabulary."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from hsvis.models.protocol import HiddenStateModel, NextTokens, n_answers, vocabulary_of
from hsvis.run.tables import STEPS, predictions_layout, strings
from hsvis.storage.layouts import Layout, Vectors
from hsvis.storage.parquet import vectors

VOCABULARY: Layout = {"token": pa.string()}


def next_layout(k: int | None = None) -> Layout:
    """Of a table of predictions; `k` next tokens are kept of a step, None is any number of them."""
    return {
        **STEPS,
        "top": Vectors((pa.int32(),), k),
        "ep": Vectors(width=k),
        "label": pa.int32(),
        "rank": pa.int32(),
        "probability": pa.float32(),
        "surprisal": pa.float32(),
    }


def next_table(steps: dict[str, pa.Array], ep: np.ndarray, found: NextTokens) -> pa.Table:
    """One row a step, of which `steps` are the `step_columns`.

    Args:
        ep: (n, k) float32, the probabilities of `found.top`.
        found: (n,).
    """
    return pa.table(
        {
            **steps,
            "top": vectors(found.top),
            "ep": vectors(ep),
            "label": pa.array(found.labels, pa.int32()),
            "rank": pa.array(found.ranks, pa.int32()),
            "probability": pa.array(found.probabilities),
            "surprisal": pa.array(found.surprisals),
        }
    )


def vocabulary_table(entries: Sequence[str]) -> pa.Table:
    """One row an entry, in the order of their ids."""
    return pa.table({"token": strings(entries)})


def predictions_layout_of(model: HiddenStateModel, *, labelled: bool) -> Layout:
    """Of the table of predictions of a model."""
    if vocabulary_of(model) is not None:
        return next_layout(n_answers(model))
    return predictions_layout(len(model.classes), labelled=labelled)
