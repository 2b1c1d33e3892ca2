"""Some of very many states, chosen so that nothing is missed: rare regions, every class, every step."""

import numpy as np

from hsvis.run.states import States, chunks

REGIONS = 256  # at the most
LEARNED = 50_000  # states by which regions are found
CHUNK = 100_000


def cover(states: States, groups: np.ndarray, steps: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Rows of a sample that covers all states.

    States are divided by region (k-means) and group; a part of n states gives a share in proportion to √n, so
    that rare regions keep more of their states than common ones, and at least one; within a part the rows
    are evenly spaced in the order of their steps, the first and the last among them.

    Args:
        states: (N, H) float32, read in parts.
        groups: (N,) int, such as the class of each state's sequence; all are covered.
        steps: (N,) int, all positions are covered.
        count: rows wanted, at most N.

    Returns:
        (count,) int64, ascending.
    """
    if count >= len(states):
        return np.arange(len(states))
    parts = _number_pairs(_regions(states, count, seed), groups)
    order = np.lexsort((steps, parts))  # part by part, and within by step
    sizes = np.bincount(parts)
    shares = _shares(sizes, count)
    ends = np.cumsum(sizes)
    chosen = [
        order[end - size + _space_evenly(size, share)]
        for size, share, end in zip(sizes.tolist(), shares.tolist(), ends.tolist(), strict=True)
        if share
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def _space_evenly(size: int, count: int) -> np.ndarray:
    """(count,) int64 of 0 … size - 1, both ends among them; the middle if it is one."""
    return np.linspace(0, size - 1, count).round().astype(np.int64) if count > 1 else np.array([size // 2])


def _regions(states: States, count: int, seed: int) -> np.ndarray:
    """(N,) int: the region of each state."""
    from sklearn.cluster import MiniBatchKMeans  # noqa: PLC0415  (a second)

    wanted = max(1, min(REGIONS, count // 20))
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(states), min(LEARNED, len(states)), replace=False)
    ascending = np.argsort(drawn)
    learned = np.empty((len(drawn), states.shape[1]), np.float32)
    learned[ascending] = states[drawn[ascending]]  # in the order in which they were drawn
    means = MiniBatchKMeans(wanted, batch_size=4096, n_init=1, random_state=seed).fit(learned)
    return np.concatenate([means.predict(chunk) for _, chunk in chunks(states, CHUNK)])


def _number_pairs(regions: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(N,) int: pairs of region and group, numbered without gaps."""
    pairs = regions.astype(np.int64) * (int(groups.max()) - int(groups.min()) + 1) + groups - groups.min()
    return np.unique(pairs, return_inverse=True)[1]


def _shares(sizes: np.ndarray, count: int) -> np.ndarray:
    """How many each part gives: in proportion to √size, at least 1 if that can be, at most its size."""
    shares = np.zeros(len(sizes), np.int64)
    if count <= len(sizes):
        shares[np.argsort(-sizes, kind="stable")[:count]] = 1
        return shares
    weights = np.sqrt(sizes)
    low, high = 0.0, float(sizes.max())
    for _ in range(100):  # by bisection: the factor at which shares, cut to [1, size], sum to `count`
        factor = (low + high) / 2
        total = np.clip(factor * weights, 1, sizes).sum()
        low, high = (factor, high) if total < count else (low, factor)
    exact = np.clip(low * weights, 1, sizes)
    shares = np.floor(exact).astype(np.int64)
    left = count - int(shares.sum())
    open_ = np.flatnonzero(shares < sizes)
    shares[open_[np.argsort(-(exact - shares)[open_], kind="stable")[:left]]] += 1
    return shares
