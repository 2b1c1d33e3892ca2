"""What the menus of the header offer: runs, layers and projections."""

from collections.abc import Iterable, Sequence
from typing import Any

from hsvis.catalogue.offers import Offer
from hsvis.run.store import StateStore

Options = list[dict[str, Any]]


def run_options(runs: Iterable[StateStore], offers: Sequence[Offer] = ()) -> Options:
    """The runs that are shown, and those that are offered, in their order; one not built can't be chosen.

    Of one that is not shown a note of its offer says why: there is a run, but damaged, or of another hsvis.
    """
    noted = {one.name for one in offers if one.note}
    built = [store.name for store in runs]
    offered = [one.name for one in offers if not one.error]
    names = [*(name for name in built if name not in offered), *offered]
    return [
        {"label": name, "value": name}
        if name in built
        else {
            "label": f"{name} · {'not shown' if name in noted else 'not built'}",
            "value": name,
            "disabled": True,
        }
        for name in names
    ]


def class_options(store: StateStore) -> Options:
    """The independent classes, of which one is shown; of a run that has none, the one choice there is."""
    whole = store.whole
    if whole.targets is None:
        return [{"label": "all", "value": "0"}]
    return [{"label": name, "value": str(k)} for k, name in enumerate(whole.classes)]


def layer_options(store: StateStore) -> Options:
    few = {
        one.name: f" (a state for {one.tokens_a_step} tokens)"
        for one in store.manifest.layers
        if one.tokens_a_step > 1
    }
    return [{"label": layer + few.get(layer, ""), "value": layer} for layer in store.layers]


def projection_options(store: StateStore, layer: str) -> Options:
    return [{"label": one.label, "value": one.name} for one in store.projections(layer)]
