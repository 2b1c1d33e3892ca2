"""What was computed lately, for the next request: bounded in bytes, and nothing in it holds a run."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import numpy as np

from hsvis.errors import ClientGoneError

Kept = TypeVar("Kept", np.ndarray, bytes)


class BoundedCache(Generic[Kept]):
    """Arrays or files by key; beyond a number of bytes those that were not used for longest go.

    A key has all that decides the value: of a run its `content`, never its name, which the next build of it
    has too, and never the store itself, which would stay in memory with the key.
    """

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes = n_bytes
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()  # least recently used first
        self._lookup = threading.Lock()
        self._hits = self._misses = 0
        self._computing: defaultdict[Hashable, _Computing] = defaultdict(_Computing)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def counts(self) -> tuple[int, int]:
        """How often something was there, and how often it was computed."""
        return self._hits, self._misses

    def get(self, key: Hashable, compute: Callable[[], Kept]) -> Kept:
        """What has that key, read-only; computed by the first who asks, while others wait for it.

        What `compute` raises, it raises for those who wait, too: they must not try in turn, each for as long.
        Only where the client of the first has gone, the next one computes.
        """
        found = self.find(key)
        if found is not None:
            return found
        with self._lookup:
            computing = self._computing[key]
            computing.waiting += 1
        with computing.by_one:
            found = self.find(key)  # computed by another request while this one waited
            if found is not None:
                return found
            if computing.error is not None:
                raise computing.error
            try:
                with self._lookup:
                    self._misses += 1
                made = compute()
                if isinstance(made, np.ndarray):
                    made.setflags(write=False)
                self._keep(key, made)
            except ClientGoneError:
                raise
            except Exception as error:
                computing.error = error
                raise
            finally:
                with self._lookup:
                    self._computing.pop(key, None)
        return made

    def _keep(self, key: Hashable, made: Kept) -> None:
        with self._lookup:
            self._kept[key] = made
            while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self._n_bytes:
                self._kept.popitem(last=False)

    def find(self, key: Hashable) -> Kept | None:
        """What has that key, if it is there; read-only."""
        with self._lookup:
            if key in self._kept:
                self._hits += 1
                self._kept.move_to_end(key)
            return self._kept.get(key)


class _Computing:
    """A value on its way."""

    def __init__(self) -> None:
        self.by_one = threading.Lock()
        self.error: Exception | None = None
        self.waiting = 0  # with the one who computes


def _bytes(one: np.ndarray | bytes) -> int:
    return one.nbytes if isinstance(one, np.ndarray) else len(one)
