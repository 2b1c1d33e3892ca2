"""The tables of a language model's run read whole, with all that is checked on the way."""

import numpy as np

from hsvis.models.protocol import NextTokens
from hsvis.run.folder import RunFolder
from hsvis.run.language.next_tokens import Expected
from hsvis.run.language.tables import VOCABULARY, next_layout
from hsvis.run.manifest import Manifest
from hsvis.run.reading import Steps, column, read_predictions
from hsvis.run.winners import gap_reason
from hsvis.storage import parquet


def read_answers(
    folder: RunFolder, manifest: Manifest, steps: Steps
) -> tuple[np.ndarray, np.ndarray | None, Expected | None]:
    """EPs, (N, C) float32, labels of steps, if they have any, and of a language model its next tokens.

    Of a language model, EPs are `Expected.shades`, by which steps are coloured.

    Raises:
        DamagedFileError: a file can't be read, or holds what no model answers.
    """
    if manifest.language is None:
        form = {"labelled": manifest.labels == "step", "gaps": bool(gap_reason(manifest))}
        return (*read_predictions(folder, steps, len(manifest.classes), **form), None)
    expected = read_expected(folder, steps, manifest.language.entries)
    return expected.shades, expected.next.labels, expected


def read_expected(folder: RunFolder, steps: Steps, entries: int) -> Expected:
    """What a run's table of predictions holds, and its vocabulary of so many entries.

    Raises:
        DamagedFileError: a file can't be read, or holds what no model answers.
    """
    table = parquet.read_table(folder.vocabulary, layout=VOCABULARY, rows=entries)
    vocabulary = table["token"].combine_chunks()
    path = folder.predictions
    table = parquet.read_table(path, layout=next_layout(), rows=len(steps))
    steps.check(path, table)
    with parquet.told_as_damage(path):
        found = NextTokens(
            parquet.matrix(table["top"]),
            *(column(table, name) for name in ("label", "rank", "probability", "surprisal")),
        )
        ep = parquet.matrix(table["ep"])
        for name, values, low, high in (
            ("top", found.top, 0, entries - 1),
            ("label", found.labels, -1, entries - 1),
            ("rank", found.ranks, 0, entries),
            ("ep", ep, 0, 1 + 1e-4),
        ):
            if values.size and not low <= values.min() <= values.max() <= high:  # NaN is not
                raise ValueError(f"its column `{name}` holds other values than {low} to {high:g}")
        known = found.labels >= 0
        for values in (found.probabilities, found.surprisals):
            if not np.array_equal(np.isfinite(values), known):
                raise ValueError("it has other numbers than next tokens")
        if not np.array_equal(found.ranks > 0, known):
            raise ValueError("it has other ranks than next tokens")
    return Expected(vocabulary, ep, found)
