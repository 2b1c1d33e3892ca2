"""The clouds of all states: what is drawn for one view of them, computed once and kept for a while."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

from hsvis.dashboard.runs import View
from hsvis.figures import raster

T = TypeVar("T")

GRID_BYTES = 128 * 2**20  # of pick grids kept for the next request


class Clouds:
    """Images and pick grids of the runs of one app; safe to use from several threads.

    An image and its pick grid are asked for one after the other; both come from one grid.
    """

    def __init__(self, *, grid_bytes: int = GRID_BYTES) -> None:
        self._grid_bytes = grid_bytes
        self._grids: OrderedDict[Hashable, np.ndarray] = OrderedDict()  # least recently used first
        self._kept: dict[Hashable, Any] = {}
        self._lookup = threading.Lock()
        self._drawing = threading.Lock()

    def bounds(self, view: View) -> tuple[float, float, float, float]:
        """x0, x1, y0, y1 of the whole cloud, with a margin."""
        return self._once(("bounds", view.cloud), lambda: raster.bounds(view.projection.xy))

    def grid(self, view: View, window: raster.View) -> np.ndarray:
        """(height, width) uint32, the top line first: row + 1 of the state at each pixel, 0 for none."""
        key = (view.cloud, window)
        with self._lookup:
            if key in self._grids:
                self._grids.move_to_end(key)
                return self._grids[key]
        with self._drawing:
            with self._lookup:
                if key in self._grids:  # drawn by another request while this one waited
                    return self._grids[key]
            n_states = view.store.n_states
            order = self._once(("order", n_states), lambda: raster.draw_order(n_states))
            grid = raster.pick_grid(view.projection.xy, order, window)
            grid.setflags(write=False)
            with self._lookup:
                self._grids[key] = grid
                while (
                    len(self._grids) > 1
                    and sum(one.nbytes for one in self._grids.values()) > self._grid_bytes
                ):
                    self._grids.popitem(last=False)
        return grid

    def image(self, view: View, window: raster.View) -> bytes:
        """The PNG of the cloud, each state in the colour of its EP."""
        return raster.paint(self.grid(view, window), self.colours(view))

    def colours(self, view: View) -> np.ndarray:
        """(N, 3) uint8, the colour of each state's EP."""
        key = ("colours", view.store.name, view.theme.name)
        return self._once(key, lambda: view.palette.ep_colours(view.store.ep))

    def _once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What never changes for a run; two threads may compute it at once, the first to finish wins."""
        with self._lookup:
            if key in self._kept:
                return self._kept[key]
        value = compute()
        with self._lookup:
            return self._kept.setdefault(key, value)
