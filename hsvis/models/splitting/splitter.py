"""What cuts the texts as `tokens.split` says, where that is none of the splitters that hsvis has."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hsvis.corpus.splitters import SPLITTERS, Split
from hsvis.models.splitting.functions import FunctionSplitter
from hsvis.models.splitting.tokenizer_files import TokenizerFile
from hsvis.progress import Progress, silent
from hsvis.remarks import Remark

TRIED = 100  # texts by which a splitter is told from others


def is_own(split: str | None) -> bool:
    """Whether `tokens.split` names a file or a function."""
    return split is not None and split not in SPLITTERS


def splitter_of(split: str | None, texts: Sequence[str] = (), progress: Progress = silent) -> Split:
    """What cuts texts.

    Args:
        split: as `tokens.split` has it.
        texts: some of which it is tried on.

    Raises:
        ModelError: no such file or function, or it fails.
    """
    if split is None or not is_own(split):
        return split
    own = TokenizerFile(Path(split), "tokens.split") if is_file(split) else FunctionSplitter(split, progress)
    rows = np.unique(np.linspace(0, len(texts) - 1, min(len(texts), TRIED)).round().astype(int))
    own.try_on([texts[row] for row in rows.tolist()] if len(texts) else [])
    return own


def is_file(split: str) -> bool:
    """Whether it is a tokenizer.json, not a function."""
    return split.endswith(".json")


def decisions(split: Split) -> list[Remark]:
    """What nobody said of a splitter of the built-in model."""
    if not isinstance(split, TokenizerFile):
        return []
    first, last = split.special_tokens()
    added = f"; {', '.join(f'`{one}`' for one in first + last)} are not added" if first or last else ""
    cut = f"Texts are cut into {split.name} as it gives them, in its case"
    text = f"{cut}: `tokens.lowercase` does not apply{added}."
    return [Remark("splitter", text)]
