"""The requests that the page makes, without a page."""

import json
import urllib.request
from dataclasses import asdict, dataclass
from typing import Any

from hsvis.figures.window import bounds
from hsvis.run.store import StateStore

SELECTION = "sequence-info.children"  # the callback that answers with the views of one sequence
SIZE = (900, 700)  # of the projection, pixels


@dataclass(frozen=True)
class Page:
    """What a page knows of the run that it shows.

    Attributes:
        bounds: x0, x1, y0, y1 of the whole cloud.
    """

    run: str
    layer: str
    projection: str
    sequences: int
    states: int
    bounds: tuple[float, float, float, float]
    callback: dict[str, Any]
    values: dict[str, Any]

    prefix: str = "/"

    @classmethod
    def told(cls, text: str) -> "Page":
        """From `telling`, in another process."""
        return cls(**json.loads(text))

    def telling(self) -> str:
        return json.dumps(asdict(self))

    @property
    def cloud(self) -> str:
        return f"{self.run}/{self.layer}/{self.projection}"

    def selection(self, sequence: int) -> bytes:
        """What the page posts to `_dash-update-component` when a sequence is selected."""
        view = {"run": self.run, "layer": self.layer, "projection": self.projection, "theme": "light"}
        values = self.values | {
            "selection": {"run": self.run, "sequence": sequence},
            "view": view | {"palette": "hsvis"},
        }
        told = {
            kind: [
                one | {"value": values.get(one["id"])}
                for one in self.callback["inputs" if kind == "inputs" else "state"]
            ]
            for kind in ("inputs", "state")
        }
        outputs = [
            dict(zip(("id", "property"), part.rsplit(".", 1), strict=True))
            for part in self.callback["output"].strip(".").split("...")
        ]
        changed = ["selection.data"]
        body = {"output": self.callback["output"], "outputs": outputs, "changedPropIds": changed, **told}
        return json.dumps(body).encode()

    def window(self, zoom: float, x: float, y: float) -> str:
        """The query of an image, and of its pick grid, around a place (0 to 1) of the cloud."""
        x0, x1, y0, y1 = self.bounds
        wide, high = (x1 - x0) / zoom, (y1 - y0) / zoom
        left, bottom = x0 + x * (x1 - x0 - wide), y0 + y * (y1 - y0 - high)
        return f"x0={left}&x1={left + wide}&y0={bottom}&y1={bottom + high}&w={SIZE[0]}&h={SIZE[1]}"


def page_of(url: str, store: StateStore) -> Page:
    """The page of a run's first layer and projection.

    Args:
        url: of a server, with its prefix and a slash at the end.
    """
    callbacks = _json(f"{url}_dash-dependencies")
    callback = next(one for one in callbacks if one["output"].lstrip(".").startswith(SELECTION))
    layer = store.layers[0]
    projection = store.projections(layer)[0]
    return Page(
        store.name,
        layer,
        projection.name,
        store.n_sequences,
        store.n_states,
        bounds(projection.xy),
        callback,
        dict(_values(_json(f"{url}_dash-layout"))),
    )


def _json(address: str) -> Any:
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


def _values(part: Any) -> Any:
    """(id, value) of all controls of a page."""
    if isinstance(part, list):
        for one in part:
            yield from _values(one)
    elif isinstance(part, dict):
        props = part.get("props", part)
        if "id" in props and "value" in props:
            yield props["id"], props["value"]
        yield from _values(props.get("children"))
