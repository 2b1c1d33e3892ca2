"""What must hold of a run of any size, recomputed for some of its sequences one by one."""

import numpy as np
import torch

from hsvis.models.builtin.checkpoint import read_checkpoint
from hsvis.models.builtin.text_model import TextModel
from hsvis.paths import cache_folder
from hsvis.run.store import StateStore

SEQUENCES = 20
TOLERANCE = 1e-5


@torch.inference_mode()
def largest_difference(store: StateStore) -> float:
    """The largest difference of states, EPs and distances to those of one plain call for each sequence.

    Raises SystemExit where it is above the tolerance, or a step is missing.
    """
    models = cache_folder() / store.name / "models"
    kept = read_checkpoint(models / f"{store.manifest.keys.model}.safetensors")
    model = TextModel(kept.classifier, kept.vocabulary, kept.tokens, kept.classes)
    layer, largest = store.layers[0], 0.0
    for index in np.random.default_rng(0).choice(store.n_sequences, SEQUENCES).tolist():
        shown = store.sequence(index)
        encoded = model.encode(shown.text)
        assert encoded.tokens == shown.tokens
        inputs = kept.classifier.embedding(torch.from_numpy(encoded.inputs)[None])  # (1, T, E)
        states = kept.classifier.recurrent[0](inputs)[0]  # (1, T, H)
        ep = kept.classifier.probabilities(kept.classifier.head(states))[0].numpy()  # (T, C)
        plain = states[0].numpy()
        moved = np.linalg.norm(np.diff(plain, axis=0), axis=1)
        distances = store.distances(layer)[shown.rows]
        assert np.isnan(distances[0])
        pairs = ((store.states(index, layer), plain), (shown.ep, ep), (distances[1:], moved))
        largest = max(largest, *(float(np.abs(a - b).max(initial=0)) for a, b in pairs))
    if largest > TOLERANCE:
        raise SystemExit(f"{store.n_states:,} states: a value is {largest:.2g} away from a plain call's")
    return largest
