"""Which hidden units do the same."""

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
