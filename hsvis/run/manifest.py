"""The manifest of a run."""

import json
from collections.abc import Mapping
from typing import Any

from hsvis.run.folder import RunFolder
from hsvis.storage.files import FORMAT, key_of, write_bytes


def read_manifest(folder: RunFolder) -> dict[str, Any] | None:
    """The manifest; None if there is none, or it is not as it was written."""
    try:
        manifest = json.loads(folder.manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        return None
    return manifest if manifest.pop("checksum", None) == key_of(manifest=manifest) else None


def write_manifest(folder: RunFolder, manifest: Mapping[str, Any]) -> None:
    """Raises CacheError."""
    content = json.loads(json.dumps(manifest))  # as it will be read
    checked = content | {"checksum": key_of(manifest=content)}
    write_bytes(folder.manifest, json.dumps(checked, indent=2, ensure_ascii=False).encode())
