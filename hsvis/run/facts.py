"""What a manifest says of single things: layers, projections, columns, remarks, keys."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Facts(BaseModel):
    """What a newer version adds is kept as it is; what an older one lacks has a default."""

    model_config = ConfigDict(frozen=True, extra="allow")


class LayerFacts(Facts):
    """One recurrent layer, direction and kind, as in `hsvis.models.protocol.Layer`."""

    name: str
    kind: str
    size: int
    direction: str = "forward"
    tokens_a_step: int = 1


class SeriesFacts(Facts):
    """Of runs of numbers: F features, the range of each in the run, and how they are drawn."""

    features: list[str]
    low: list[float]
    high: list[float]
    draw: str


class ProjectionFacts(Facts):
    """One projection of a layer; `name` is `<method>-<key>`, `details` as in `build.projecting.Embedded`."""

    layer: str
    name: str
    label: str
    settings: dict[str, Any]
    details: dict[str, Any]


class ModelFacts(Facts):
    """How a model that hsvis did not train is understood: its answers, the way to its EPs, why; and why the
    first steps of sequences have none (`gap`)."""

    answers: str
    ep: str
    why: str
    gap: str = ""


class Training(Facts):
    """The epochs of the built-in classifier's training, the one that was kept, and where it was trained."""

    epochs: list[dict[str, Any]] = []
    kept_epoch: int | None = None
    device: str | None = None


class RemarkFacts(Facts):
    """What was decided, or seems wrong, as `hsvis.remarks.Remark`."""

    code: str
    text: str


class ColumnFacts(Facts):
    """A column of the dataset that is kept; in the table of sequences it is called `keep:<name>`.

    Attributes:
        kind: "number", "date", "category" or "boolean".
        type: of its cells, as arrow calls it.
        how: how its kind was decided, where its type alone does not say it.
        missing: cells; low, high: ends of numbers, and of dates as written; None where all are missing.
        categories: how many there are; `most`: the most frequent ones, with their sequences.
    """

    name: str
    kind: str
    type: str
    how: str = ""
    missing: int = 0
    low: float | int | str | None = None
    high: float | int | str | None = None
    categories: int | None = None
    most: list[tuple[str, int]] = []


class Keys(Facts):
    """Hashes of all that decides the model, and the states."""

    model: str
    states: str
