"""What a run is made of beside its config and dataset, by the hashes of files: for its key."""

import hashlib
import importlib.util
from pathlib import Path

from hsvis.config import Config, OwnModelSettings
from hsvis.corpus import recorded_files

BLOCK = 2**20


def sources(config: Config) -> dict[str, str]:
    """Hashes of the files that decide what a run holds: of one's own model, or those of `states_from`."""
    if config.states_from is not None:
        return {"states_from": recorded_files.fingerprint(Path(config.states_from))}
    return fingerprints(config.model) if isinstance(config.model, OwnModelSettings) else {}


def fingerprints(settings: OwnModelSettings) -> dict[str, str]:
    """Hashes of the files that decide what the model answers: its code, its weights, its tokenizer.

    A file that is not there is "missing": loading the model says so.
    """
    named = {"factory": settings.factory, "tokenizer": settings.tokenizer or ""}
    found = {name: _of_module(one) for name, one in named.items() if ":" in one}
    files = {"checkpoint": settings.checkpoint, "tokenizer": settings.tokenizer}
    found |= {name: _of_file(Path(one)) for name, one in files.items() if one and name not in found}
    return found


def _of_module(reference: str) -> str:
    try:
        spec = importlib.util.find_spec(reference.partition(":")[0])
    except (ImportError, ValueError):
        spec = None
    return _of_file(Path(spec.origin)) if spec and spec.origin else "missing"


def _of_file(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError:
        return "missing"
    return digest.hexdigest()
