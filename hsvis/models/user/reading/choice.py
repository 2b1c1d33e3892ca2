"""What reads a dataset for a user's module: as the config says, or as the module does by itself."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from torch import nn

from hsvis.config import DatasetSettings, TokenSettings, UserModelSettings
from hsvis.corpus.pairs.pair import are_pairs
from hsvis.corpus.series import Series
from hsvis.errors import ModelError
from hsvis.models.builtin.text_model import read_series
from hsvis.models.user.reading.encoders import Encoder, encoder, of_function
from hsvis.models.user.reading.pairs import is_of_sides, read_pairs
from hsvis.models.user.references import resolve_reference

CUT = 200  # texts by which is decided how texts are cut


def encoder_of(
    module: nn.Module,
    settings: UserModelSettings,
    tokens: TokenSettings,
    examples: Sequence[Any],
    dataset: DatasetSettings | None = None,
) -> Encoder:
    """What reads the dataset for a module: what the config names, else the module's own `encode`.

    Args:
        examples: texts or series of the dataset.

    Raises:
        ModelError: there is none, or it reads texts where there are numbers.
    """
    if are_pairs(examples) and dataset is not None:
        texts = [side for pair in examples[:CUT] for side in (pair.first, pair.second)]
        forward = None if settings.forward is None else resolve_reference(settings.forward, "forward")
        return read_pairs(
            encoder_of(module, settings, tokens, texts), tokens, dataset.text_columns,
            of_sides=is_of_sides(module, forward), fixed=dataset.fixed,
        )  # fmt: skip
    is_series = isinstance(examples[0], Series)
    if is_series and settings.tokenizer is not None and ":" not in settings.tokenizer:
        raise ModelError(
            f"`model.tokenizer`: {settings.tokenizer} reads texts, but the dataset is of numbers. Leave it "
            "out, or name a function `package.module:name` that takes a Series."
        )
    rows = np.unique(np.linspace(0, len(examples) - 1, min(len(examples), CUT)).round().astype(int))
    texts = [] if is_series else [examples[row] for row in rows.tolist()]
    if settings.tokenizer is not None:
        return encoder(settings.tokenizer, tokens, texts)
    if callable(own := getattr(module, "encode", None)):
        return of_function("encode of the model", own, tokens, texts)
    if is_series:
        return Encoder(partial(read_series, tokens=tokens), "the numbers as they are")
    raise ModelError(
        "`model.tokenizer` is missing: name a vocabulary (.txt, .json), a tokenizer.json, or a function "
        "`package.module:name`."
    )
