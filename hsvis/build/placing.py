"""Places for new states in an existing t-SNE, which stays as it is."""

from typing import Any

import numpy as np

NEIGHBOURS = 10  # among which a state is placed
STEPS = (
    10  # to the balance of their attraction: 99 % of IMDB's states are within 0.06 % of the picture's width
)
AT_ONCE = 2_000  # states whose neighbours' distances from each other fit into a core's cache

# what places are computed by: projections that were placed in another way are made again
METHOD = "attraction"


def place(embedding: Any, new: np.ndarray) -> np.ndarray:
    """New states where the attraction of their nearest neighbours in a t-SNE is in balance.

    Every state is placed for itself: equal states have equal places, whatever they are placed with.

    Args:
        embedding: a fitted TSNEEmbedding of at least one state, with the index of their states.
        new: (M, H) float32.

    Returns:
        (M, 2) float32, each within the hull of its neighbours' places.
    """
    count = min(NEIGHBOURS, len(embedding))
    rows, distances = embedding.affinities.knn_index.query(new, count)  # (M, count) each
    places = np.asarray(embedding)  # (F, 2) float64
    found = np.empty((len(new), 2), np.float32)
    for begin in range(0, len(new), AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        found[part] = balance(places[rows[part]], similarities(distances[part]))
    return found


def similarities(distances: np.ndarray) -> np.ndarray:
    """Weights of neighbours by inverse squared distance (Shepard 1968), which sum to 1.

    So a state that comes near to a fitted one comes near to its place, and one that equals it stands there;
    weights by perplexity, as t-SNE has them, lack that, and kept neighbourhoods worse.

    Args:
        distances: (M, k), ascending.
    """
    least = np.maximum(distances[:, -1:], np.finfo(np.float32).tiny) * 1e-6  # what counts as no distance
    weights = np.square(np.maximum(distances[:, :1], least) / np.maximum(distances, least))
    return weights / weights.sum(1, keepdims=True)


def balance(places: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Where t-SNE's attractive force Σ wⱼ (yⱼ - y) / (1 + |yⱼ - y|²) is none.

    It begins at the neighbour for which Σ wⱼ log(1 + |yⱼ - y|²), of which the force is the gradient, is
    least, so that a state whose neighbours lie in two regions goes to one of them, not in between.  Each
    step goes to the mean by the forces' weights; it never makes that sum larger, needs no learning rate, and
    can't leave the hull of the neighbours.  Turned neighbours give turned places: no axis is preferred.

    Args:
        places: (M, k, 2) float64, of the neighbours.
        weights: (M, k) float64, which sum to 1.

    Returns:
        (M, 2) float64.
    """
    x, y = (np.ascontiguousarray(places[:, :, axis]) for axis in (0, 1))  # (M, k) each
    apart = np.square(x[:, :, None] - x[:, None]) + np.square(y[:, :, None] - y[:, None])  # (M, k, k)
    costs = (np.log1p(apart) * weights[:, None]).sum(2)  # (M, k), of standing at each neighbour
    xy = places[np.arange(len(places)), costs.argmin(1)]
    for _ in range(STEPS):
        pull = weights / (1 + np.square(x - xy[:, :1]) + np.square(y - xy[:, 1:]))  # (M, k)
        xy = np.stack([(x * pull).sum(1), (y * pull).sum(1)], 1) / pull.sum(1, keepdims=True)
    return xy
