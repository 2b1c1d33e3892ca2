"""Patience with those who guess passwords: each wait is longer, and no try of others shortens it."""

import math
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hsvis.web.addresses import place_of

# wrong passwords before anybody has to wait: for a name from an address, for any name from an address, for
# a name from all addresses but those from where that person has logged in
FREE = {"person": 5, "address": 50, "name": 50}
LONGEST_WAIT = 60.0  # seconds
EASES = 600.0  # seconds until one wrong password of those that count is forgotten
REMEMBERED = 10_000  # of each kind

Key = tuple[str, ...]


@dataclass(frozen=True)
class Wrong:
    """What is remembered of wrong passwords; times of one clock, in seconds."""

    count: float
    last: float
    free_from: float


@dataclass(frozen=True)
class Try:
    """One try to log in.

    Attributes:
        wait: seconds until the next may be made; where more than 0, this one was none.
        counted: what it changed: before and after.
    """

    wait: float = 0.0
    counted: dict[tuple[str, Key], tuple[Wrong | None, Wrong]] = field(default_factory=dict)


class Attempts:
    """Wrong passwords by who and from where; after a few, each wait is twice the one before.

    Safe to use from several threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, OrderedDict[Key, Wrong]] = {kind: OrderedDict() for kind in FREE}
        self._known: OrderedDict[Key, None] = OrderedDict()  # who logged in from where
        self._lock = threading.Lock()

    def begin(self, name: str, address: str) -> Try:
        """A try, if it may be made by now; it counts as wrong until `forget` or `take_back`.

        It counts before the password is looked at: others may try at the same time.
        """
        with self._lock:
            now, place = self._clock(), place_of(address)
            keys = {"person": (name[:80], place), "address": (place,)}
            if keys["person"] not in self._known:
                keys["name"] = (name[:80],)
            before = {(kind, key): self._wrong[kind].get(key) for kind, key in keys.items()}
            wait = max((one.free_from for one in before.values() if one), default=now) - now
            if wait > 0:
                return Try(wait)
            counted = {}
            for (kind, key), was in before.items():
                count = 1 + (max(0.0, was.count - (now - was.last) / EASES) if was else 0)
                self._put(kind, key, Wrong(count, now, now + _pause(kind, count)))
                counted[kind, key] = (was, self._wrong[kind][key])
            return Try(0.0, counted)

    def take_back(self, one: Try) -> None:
        """After a try whose password was not looked at: it did not happen, but all others did."""
        with self._lock:
            for (kind, key), (was, then) in one.counted.items():
                now = self._wrong[kind].get(key)
                if now is then and was is None:
                    del self._wrong[kind][key]
                elif now is then and was is not None:
                    self._wrong[kind][key] = was
                elif now is not None:  # another one came since, and has to wait for itself alone
                    count = max(0.0, now.count - 1)
                    self._wrong[kind][key] = Wrong(count, now.last, now.last + _pause(kind, count))

    def forget(self, one: Try) -> None:
        """After a right password: this person guesses no more from there; what others did there counts on."""
        self.take_back(one)
        with self._lock:
            for kind, key in one.counted:
                if kind == "person":
                    self._wrong[kind].pop(key, None)
                    self._known[key] = None
                    self._known.move_to_end(key)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def _put(self, kind: str, key: Key, wrong: Wrong) -> None:
        held = self._wrong[kind]
        held[key] = wrong
        held.move_to_end(key)
        while len(held) > REMEMBERED:
            held.popitem(last=False)


def _pause(kind: str, count: float) -> float:
    """Seconds until the next try, after so many wrong passwords."""
    over = min(math.ceil(count) - FREE[kind], 10)
    return min(2.0**over, LONGEST_WAIT) if over >= 0 else 0.0


class Turns:
    """Lets a few at once do what takes a core, first those from where the fewest do it already."""

    def __init__(self, at_once: int, in_line: int, of_a_place: int) -> None:
        """`in_line`, `of_a_place`: how many may wait, of all and from one place."""
        self._at_once, self._most, self._most_of_a_place = at_once, in_line, of_a_place
        self._line: list[tuple[str, object]] = []
        self._under_way: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, place: str, patience: float) -> Iterator[None]:
        """Waits for a turn, for `patience` seconds at the most.  Raises TimeoutError: it does not come."""
        ticket = (place, object())
        with self._changed:
            waiting = Counter(one for one, _ in self._line)
            if waiting.total() >= self._most or waiting[place] >= self._most_of_a_place:
                raise TimeoutError
            self._line.append(ticket)
            try:
                if not self._changed.wait_for(lambda: self._is_next(ticket), patience):
                    raise TimeoutError
                self._under_way[place] += 1
            finally:
                self._line.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._under_way[place] -= 1
                self._under_way += Counter()  # without those that have none
                self._changed.notify_all()

    def _is_next(self, ticket: tuple[str, object]) -> bool:
        first = min(self._line, key=lambda one: self._under_way[one[0]])  # of several, who came first
        return self._under_way.total() < self._at_once and first is ticket
