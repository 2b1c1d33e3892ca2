"""Which states lie in a polygon, at a cost that no polygon can drive up.

The states are sorted into strips of equally many by y, and within a strip by x.  An edge that runs through a
whole strip has states on either side only between the x where it comes in and the x where it leaves: these
alone are compared with it one by one.  So P corners and N states cost about P √N, where every edge against
every state at its height would be up to P N.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

Polygon = tuple[tuple[float, float], ...]

FEWEST = 256  # states of a strip
PAIRS = 2**20  # of an edge and a state that are compared at once
FEW = 8  # of polygons around less than one in so many states, these alone are sorted


class Strips(NamedTuple):
    """N states by strips; in a strip they rise by x, and none of it is above one of the next."""

    rows: np.ndarray  # (N,) uint32: which state each is
    x: np.ndarray  # (N,) float32
    y: np.ndarray  # (N,) float32
    starts: np.ndarray  # (K + 1,) int64: where each of the K strips begins; the last one ends at N
    bottoms: np.ndarray  # (K,) float64: the lowest y of each
    tops: np.ndarray  # (K,) float64: the highest


def in_strips(xy: np.ndarray) -> np.ndarray:
    """The states in the order of their strips, as one array, for whoever keeps it.

    Args:
        xy: (N, 2) float32, finite.

    Returns:
        (3, N) float32: the rows, uint32 in the same bytes, then x, then y.
    """
    rows = _sorted_by(xy[:, 1], np.arange(len(xy), dtype=np.uint32), np.array([0, len(xy)]))
    rows = _sorted_by(xy[:, 0][rows], rows, _starts(len(xy)))
    return np.stack([rows.view(np.float32), xy[:, 0][rows], xy[:, 1][rows]])


def _sorted_by(values: np.ndarray, rows: np.ndarray, borders: np.ndarray) -> np.ndarray:
    """The rows of each part by their values, (N,) float32: both as one number, which sorts much faster."""
    bits = values.view(np.uint32)
    rising = bits ^ np.where(bits >> 31, np.uint32(0xFFFFFFFF), np.uint32(0x80000000))
    both = rising.astype(np.uint64) << np.uint64(32) | rows
    for begin, end in _pairs_of(borders):
        both[begin:end].sort()
    return both.astype(np.uint32)  # the lower half


def strips_of(kept: np.ndarray) -> Strips:
    """What `in_strips` gave, to be asked."""
    rows, x, y = kept
    starts = _starts(len(x))
    bottoms, tops = (
        reduce.reduceat(y, starts[:-1]).astype(np.float64) if len(y) else np.empty(0)
        for reduce in (np.minimum, np.maximum)
    )
    return Strips(rows.view(np.uint32), x, y, starts, bottoms, tops)


def inside(
    polygon: Polygon,
    xy: np.ndarray,
    strips: Callable[[bool], Strips | None] = lambda needed: None,
    pause: Callable[[], object] = lambda: None,
) -> np.ndarray:
    """Which states lie in a polygon: as `inside_strips`.

    Where no strips are kept, those of the states around the polygon are made for it alone.

    Args:
        xy: (N, 2) float32, finite.
        strips: gives those of all N states that are kept; as the polygon is large, True has them made.
    """
    (left, bottom), (right, top) = np.min(polygon, axis=0), np.max(polygon, axis=0)
    kept = strips(False)
    if kept is None:
        x, y = xy[:, 0], xy[:, 1]
        near = np.flatnonzero((x >= left) & (x <= right) & (y >= bottom) & (y <= top))
        kept = strips(True) if len(near) * FEW > len(xy) else None
    if kept is not None:
        return inside_strips(polygon, kept, pause)
    found = np.zeros(len(xy), dtype=bool)
    found[near[inside_strips(polygon, strips_of(in_strips(xy[near])), pause)]] = True
    return found


def inside_strips(polygon: Polygon, strips: Strips, pause: Callable[[], object] = lambda: None) -> np.ndarray:
    """Which states lie in a polygon, by the even-odd rule: what is enclosed twice is outside again.

    A state is left of an edge, or not, as x0 + (x1 - x0) ((y - y0) / (y1 - y0)) comes out in float64,
    whichever way is taken here: each of these operations keeps the order of two y, however it is rounded.

    Args:
        polygon: its P corners; the last is joined to the first.
        pause: is called between parts of the work, and may raise.

    Returns:
        (N,) bool, by row.  Of two polygons with a common edge, a state on it lies in exactly one.
    """
    corners = np.array(polygon, dtype=np.float64)  # (P, 2)
    edges = _edges(corners)
    first, odd = _crossed(edges, strips, pause)
    at = first + np.flatnonzero(odd)
    (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
    x, y = strips.x[at], strips.y[at]  # where an edge ends, rounding may reach beyond its corner
    at = at[(x >= left) & (x <= right) & (y >= bottom) & (y <= top)]
    found = np.zeros(len(strips.rows), dtype=bool)
    found[strips.rows[at]] = True
    return found


class _Edges(NamedTuple):
    """The edges that are not level, each from its lower end to its upper one; (E,) float64 each."""

    x: np.ndarray
    y: np.ndarray
    top: np.ndarray
    across: np.ndarray  # x of the upper end less x
    up: np.ndarray  # y of the upper end less y

    def at(self, which: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Where edges are at these heights."""
        return self.x[which] + self.across[which] * ((y - self.y[which]) / self.up[which])


class _Meetings(NamedTuple):
    """Edges in strips, ordered by strip; (M,) each."""

    edge: np.ndarray
    strip: np.ndarray
    begin: np.ndarray  # the states from here
    end: np.ndarray  # to before here may lie on either side of the edge
    through: (
        np.ndarray
    )  # bool: it runs from below the strip to above it, and all states before `begin` are left of it


def _edges(corners: np.ndarray) -> _Edges:
    others = np.roll(corners, -1, axis=0)
    falls = (corners[:, 1] > others[:, 1])[:, None]
    low, high = np.where(falls, others, corners), np.where(falls, corners, others)
    low, high = (ends[low[:, 1] < high[:, 1]] for ends in (low, high))
    return _Edges(low[:, 0], low[:, 1], high[:, 1], high[:, 0] - low[:, 0], high[:, 1] - low[:, 1])


def _crossed(edges: _Edges, strips: Strips, pause: Callable[[], object]) -> tuple[int, np.ndarray]:
    """Of which states an odd number of edges is to the right: a place, and bool for each from it on."""
    met = _meet(edges, strips, pause)
    if not len(met.edge):
        return 0, np.zeros(0, dtype=bool)
    first, end = int(strips.starts[met.strip[0]]), int(strips.starts[met.strip[-1] + 1])
    begins = strips.starts[met.strip[met.through]]
    turns = np.bincount(np.concatenate([begins, met.begin[met.through]]) - first, minlength=end - first + 1)
    odd = (np.cumsum(turns[:-1]) & 1).astype(bool)
    for which, at in _compared(met):
        pause()
        y = strips.y[at].astype(np.float64)
        crosses = (edges.y[which] <= y) & (y < edges.top[which]) & (strips.x[at] < edges.at(which, y))
        odd ^= (np.bincount(at[crosses] - first, minlength=end - first) & 1).astype(bool)
    return first, odd


def _meet(edges: _Edges, strips: Strips, pause: Callable[[], object]) -> _Meetings:
    lowest = np.searchsorted(strips.tops, edges.y)
    beyond = np.searchsorted(strips.bottoms, edges.top)
    counts = np.maximum(beyond - lowest, 0)
    edge = np.repeat(np.arange(len(counts)), counts)
    strip = np.arange(len(edge)) + np.repeat(lowest - np.cumsum(counts) + counts, counts)
    by_strip = np.argsort(strip.astype(np.uint16), kind="stable")  # of 16 bits it is quick
    edge, strip = edge[by_strip], strip[by_strip]
    bottom, top = strips.bottoms[strip], strips.tops[strip]
    through = (edges.y[edge] <= bottom) & (top < edges.top[edge])
    ends = [
        edges.at(edge, limit(y, own[edge]))
        for limit, y, own in ((np.maximum, bottom, edges.y), (np.minimum, top, edges.top))
    ]
    begin, end = np.empty(len(edge), np.int64), np.empty(len(edge), np.int64)
    near, far = np.minimum(*ends), np.maximum(*ends)
    borders = np.flatnonzero(np.diff(strip, prepend=-1, append=-1))
    for one, (here, there) in enumerate(_pairs_of(borders)):
        if one % 256 == 0:
            pause()
        start, stop = strips.starts[strip[here]], strips.starts[strip[here] + 1]
        x = strips.x[start:stop]
        begin[here:there] = start + np.searchsorted(x, near[here:there])
        end[here:there] = start + np.searchsorted(x, far[here:there])
    begin = np.where(through, begin, strips.starts[strip])
    return _Meetings(edge, strip, begin, end, through)


def _compared(met: _Meetings) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Edges and the places of states that are to be compared, some PAIRS at once."""
    counts = met.end - met.begin
    some = np.flatnonzero(counts > 0)
    counts = counts[some]
    ends = np.cumsum(counts)
    done = 0
    while done < len(some):
        before = ends[done - 1] if done else 0
        until = max(int(np.searchsorted(ends, before + PAIRS, "right")), done + 1)
        part, sizes = some[done:until], counts[done:until]
        shift = met.begin[part] - (ends[done:until] - sizes - before)
        yield np.repeat(met.edge[part], sizes), np.arange(sizes.sum()) + np.repeat(shift, sizes)
        done = until


def _starts(n: int) -> np.ndarray:
    """Where strips of N states begin, and where the last one ends: (K + 1,) int64."""
    size = max(FEWEST, int(n**0.5))
    return np.append(np.arange(0, n, size, dtype=np.int64), n)


def _pairs_of(borders: np.ndarray) -> Iterator[tuple[int, int]]:
    return zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True)
