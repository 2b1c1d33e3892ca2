"""What was computed lately, for the next request: bounded in bytes, and nothing in it holds a run."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import numpy as np

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
        self._computing: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def counts(self) -> tuple[int, int]:
        """How often something was there, and how often it was computed."""
        return self._hits, self._misses

    def get(self, key: Hashable, compute: Callable[[], Kept]) -> Kept:
        """What has that key, read-only; computed by the first who asks, while others wait for it."""
        found = self.find(key)
        if found is not None:
            return found
        with self._lookup:
            computing = self._computing[key]
        with computing:
            found = self.find(key)  # computed by another request while this one waited
            if found is not None:
                return found
            try:
                with self._lookup:
                    self._misses += 1
                made = compute()
                if isinstance(made, np.ndarray):
                    made.setflags(write=False)
                self._keep(key, made)
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


def _bytes(one: np.ndarray | bytes) -> int:
    return one.nbytes if isinstance(one, np.ndarray) else len(one)
