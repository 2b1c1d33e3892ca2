"""`--set KEY=VALUE`: a change to a config's content before it is checked."""

from typing import Any

import yaml

from hsvis.errors import ConfigError

LABELS = ("classes", "unknown", "keep")  # keys of `dataset` whose values are labels: text, however they look
NULL = ("", "~", "null", "Null", "NULL")


def apply_override(content: dict[str, Any], override: str) -> None:
    """Sets one `dotted.key=value` in place; numbers index lists (`projections.0.perplexity=50`).

    Raises:
        ConfigError: an override that is no `KEY=VALUE`, or whose key leads nowhere.
    """
    key, equals, value = override.partition("=")
    parts = key.split(".")
    if not equals or not all(parts):
        raise ConfigError(f"--set {override}: write KEY=VALUE, such as --set dataset.limit=500.")
    try:
        is_text = parts[:1] == ["dataset"] and parts[1:2] in ([one] for one in LABELS)
        plain = is_text and value.strip() not in NULL
        parsed = yaml.load(value, yaml.BaseLoader if plain else yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        parsed = value
    node: Any = content
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        if isinstance(node, list):
            if not part.isdecimal() or int(part) >= len(node):
                at = ".".join(parts[:depth])
                raise ConfigError(f"--set {override}: `{at}` has {len(node)} entries, 0 to {len(node) - 1}.")
            if last:
                node[int(part)] = parsed
            else:
                node = node[int(part)]
        elif not isinstance(node, dict):
            raise ConfigError(f"--set {override}: `{'.'.join(parts[:depth])}` is a value and has no keys.")
        elif last:
            node[part] = parsed
        else:
            if not isinstance(node.get(part), dict | list):
                node[part] = {}
            node = node[part]
