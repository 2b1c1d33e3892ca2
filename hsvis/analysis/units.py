"""Which hidden units do the same."""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import pdist


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
    apart = pdist(states.T.astype(np.float64))
    tree = linkage(apart, method="average")
    return leaves_list(optimal_leaf_ordering(tree, apart)).astype(np.int64)
