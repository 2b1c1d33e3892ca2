"""Two things in turn, A B A B …, so that a machine that slows down slows both."""

import statistics
import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(
    first: tuple[str, Callable[[], object]], second: tuple[str, Callable[[], object]], rounds: int
) -> None:
    """Prints both, after one uncounted round each, and the ratio second / first, round by round."""
    (name_a, a), (name_b, b) = first, second
    a(), b()
    pairs = [(seconds(a), seconds(b)) for _ in range(rounds)]
    ratios = [y / x for x, y in pairs]
    for name, times, unit in (
        (name_a, [x for x, _ in pairs], "s"),
        (name_b, [y for _, y in pairs], "s"),
        ("ratio", ratios, " "),
    ):
        middle = statistics.median(times)
        print(f"  {name:<44} median {middle:8.3f} {unit}   ({min(times):.3f} to {max(times):.3f})")
