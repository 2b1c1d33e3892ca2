"""Texts cut by somebody's own function."""

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hsvis.corpus.splitters import Span
from hsvis.errors import ModelError
from hsvis.models.fingerprints import function_hash
from hsvis.models.splitting.alignment import align, readable
from hsvis.models.user.references import resolve_reference
from hsvis.progress import Progress, silent

SLOW = 20.0  # seconds after which it is told which text is being read


class FunctionSplitter:
    """An `OwnSplitter`: text -> list of tokens, or (tokens, offsets), offsets being (begin, end) each."""

    keeps_case = False
    unknown = None

    def __init__(self, reference: str, progress: Progress = silent) -> None:
        """`package.module:name`.  Raises ModelError: there is no such function."""
        self.name = f"the function `{reference}`"
        self._reference, self._progress = reference, progress
        self._function: Callable[[str], Any] = resolve_reference(reference, "tokens.split")
        self._source = function_hash(reference)
        self._reading = ""

    @property
    def key(self) -> str:
        """Of its code, that of the user's own modules which it imports, and what it makes of some texts."""
        return hashlib.sha256(f"{self._source} {self._reading}".encode()).hexdigest()

    def try_on(self, texts: Sequence[str]) -> str:
        """Hash of what it makes of some texts, which then is in its key.  Raises ModelError."""
        digest = hashlib.sha256()
        for text in texts:
            digest.update(repr(self.cut(text)).encode("utf-8", "surrogatepass"))
        self._reading = digest.hexdigest()
        return self._reading

    def cut(self, text: str) -> tuple[list[str], list[Span]]:
        """As of `OwnSplitter`.  Raises ModelError: it raised, or returned something else."""
        try:
            with self._told_if_slow(text):
                found = self._function(text)
        except Exception as error:  # whatever a user's function raises
            raise ModelError(
                f"`tokens.split`: `{self._reference}` raised {type(error).__name__}: {error}, given "
                f"{_begin(text)}. Mend the function: it is called with every text."
            ) from error
        tokens, offsets = found, None
        if isinstance(found, tuple) and len(found) == 2 and not any(isinstance(one, str) for one in found):
            tokens, offsets = found
        if not isinstance(tokens, list | tuple) or not all(isinstance(one, str) for one in tokens):
            raise self._wrong(found, text)
        if offsets is None:
            return list(tokens), align(text, tokens)
        spans = _apart(offsets, len(tokens), len(text))
        if spans is None:
            raise ModelError(
                f"`tokens.split`: `{self._reference}` returned offsets that do not fit, given "
                f"{_begin(text)}: "
                f"needed are {len(tokens)} pairs (begin, end) of places from 0 to {len(text)}, in order. "
                "Return the tokens alone, and they are looked for in the text."
            )
        return list(tokens), spans

    def shown(self, form: str) -> str:
        """As of `OwnSplitter`."""
        return readable(form)

    def _wrong(self, found: Any, text: str) -> ModelError:
        kind = type(found).__name__
        if isinstance(found, list | tuple):
            kind += " of " + next(type(one).__name__ for one in found if not isinstance(one, str))
        return ModelError(
            f"`tokens.split`: `{self._reference}` returned {kind}, given {_begin(text)}. Needed is a list of "
            "texts, such as `[str(token) for token in …]`, or (tokens, offsets)."
        )

    @contextmanager
    def _told_if_slow(self, text: str) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread() and self._progress is silent:
            yield
            return
        told = f"`{self._reference}` reads {_begin(text)} for more than {SLOW:.0f} s"
        timer = threading.Timer(SLOW, self._progress, ("reading words", 0, 1, told))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _apart(offsets: Any, count: int, length: int) -> list[Span] | None:
    """Offsets in order that do not overlap; None where they are none."""
    try:
        pairs = [(int(begin), int(end)) for begin, end in offsets]
    except (TypeError, ValueError):
        return None
    if len(pairs) != count or any(not 0 <= begin <= end <= length for begin, end in pairs):
        return None
    if any(after[0] < before[0] for before, after in itertools.pairwise(pairs)):
        return None
    return apart(pairs)


def apart(pairs: Sequence[Span]) -> list[Span]:
    """Spans in order, each beginning where the one before has ended at the earliest."""
    spans, reached = [], 0
    for begin, end in pairs:
        spans.append((max(begin, reached), max(end, reached)))
        reached = spans[-1][1]
    return spans


def _begin(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else shown[:57] + "…"
