"""One made-up sequence, for the tests of the figures."""

import numpy as np
import pytest

from hsvis.figures.class_overview import class_overview
from hsvis.figures.confidence import confidence
from hsvis.figures.confusion_matrix import confusion_matrix
from hsvis.figures.distances import distances
from hsvis.figures.ep_heatmap import ep_heatmap
from hsvis.figures.projection import projection
from hsvis.figures.style.theme import DARK, LIGHT, palette
from hsvis.figures.unit_activity import unit_activity

BOTH = pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
SIZES = pytest.mark.parametrize(
    ("n_steps", "n_classes"), [(1, 2), (2, 2), (30, 2), (1, 3), (40, 5), (60, 10), (25, 50)]
)


class Example:
    """One sequence, with the figures that show it."""

    def __init__(self, n_steps, n_classes, look=LIGHT, tokens=None, seed=0):
        rng = np.random.default_rng(seed)
        self.ep = rng.dirichlet(np.full(n_classes, 0.4), n_steps).astype(np.float32)
        self.tokens = tokens or [f"word{step}" for step in range(n_steps)]
        self.classes = tuple(f"class {k}" for k in range(n_classes))
        self.states = rng.uniform(-0.9, 0.9, (n_steps, 12)).astype(np.float32)
        self.distance = np.r_[np.nan, rng.uniform(0, 4, n_steps - 1)].astype(np.float32)
        self.trajectory = rng.normal(size=(n_steps, 2)).astype(np.float32)
        self.confusion = rng.integers(0, 9, (n_classes, n_classes))
        self.look, self.palette = look, palette(n_classes, look)

    def steps(self):
        """The figures that stand one above the other, by view."""
        ep, tokens, classes, colours, look = self.ep, self.tokens, self.classes, self.palette, self.look
        return {
            "ep-heatmap": ep_heatmap(ep, tokens, classes, colours, look),
            "distances": distances(self.distance, 4.0, ep, tokens, 0.4, colours, look),
            "confidence": confidence(ep, tokens, classes, colours, look),
            "unit-activity": unit_activity(self.states, tokens, look),
        }

    def all(self):
        """All seven, by view."""
        bounds = (-4.0, 4.0, -4.0, 4.0)
        return {
            **self.steps(),
            "projection": projection(bounds, self.trajectory, self.ep, self.palette, self.look),
            "class-overview": class_overview(self.confusion, self.classes, self.palette, self.look),
            "confusion-matrix": confusion_matrix(self.confusion, self.classes, self.palette, self.look),
        }


def trace(figure, name):
    return next(trace for trace in figure.data if trace.name == name)
