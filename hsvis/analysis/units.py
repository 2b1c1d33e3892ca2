"""Which hidden units do the same, and which move with the decision."""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import pdist

MAX_STEPS = 200  # of a longer sequence every n-th is compared
MAX_OPTIMAL = (
    256  # of more units the leaves of the tree are not put in the best order: it takes 0.2 s for 512
)


def unit_order(states: np.ndarray) -> np.ndarray:
    """An order of the units in which units of similar course are neighbours; the same for the same states.

    Args:
        states: (T, H) float.

    Returns:
        (H,) int64, a permutation of the units.
    """
    n_units = states.shape[1]
    if n_units < 3:
        return np.arange(n_units)
    some = states[:: max(1, len(states) // MAX_STEPS)]  # the courses of the units, in enough detail
    apart = pdist(some.T.astype(np.float64))
    tree = linkage(apart, method="average")
    if n_units <= MAX_OPTIMAL:
        tree = optimal_leaf_ordering(tree, apart)
    return leaves_list(tree).astype(np.int64)


def decision_order(states: np.ndarray, ep: np.ndarray) -> np.ndarray:
    """The units by their part in a sequence's decision, the greatest first.

    A unit's part is how far it moves along with the log-odds of the class that wins in the end: the
    magnitude of their covariance over the steps, in standard deviations of the log-odds.
    No model is asked, so it tells what goes together in this sequence, not what would follow if a unit were
    changed.

    Args:
        states: (T, H) float.
        ep: (T, C) float, rows sum to 1, or are NaN at steps that tell nothing.

    Returns:
        (H,) int64, a permutation of the units; units of equal part stay in their order.
    """
    known = ~np.isnan(ep[:, 0])
    states, ep = states[known], ep[known]
    share = np.clip(ep[:, ep[-1].argmax()].astype(np.float64), 1e-6, 1 - 1e-6)
    odds = np.log(share / (1 - share))
    odds -= odds.mean()
    spread = odds.std()
    part = np.abs(odds @ states / len(odds)) / spread if spread > 1e-9 else np.abs(states[-1])
    return np.argsort(-part, kind="stable").astype(np.int64)
