"""YAML -> Config: one run, checked before anything is done.

Every key has a type, a range, a default and a help line (`blocks.py`, and a module for each larger block); a
key that does not exist is an error that names the nearest one that does (`messages.py`).
`docs/configuration.md` lists them all, and a test holds that.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from hsvis import paths
from hsvis.config.answers import NEXT, AnswerKind
from hsvis.config.blocks import Config, StateSettings
from hsvis.config.dataset import LARGEST_SEED, DatasetSettings
from hsvis.config.dialect import DialectSettings
from hsvis.config.messages import is_config, messages, setting_keys, short
from hsvis.config.model import ModelSettings, UserModelSettings
from hsvis.config.overrides import LABELS, apply_override
from hsvis.config.projections import PcaSettings, ProjectionSettings, TsneSettings
from hsvis.config.tokens import TokenSettings
from hsvis.errors import ConfigError

__all__ = [
    "LARGEST_SEED",
    "NEXT",
    "AnswerKind",
    "Config",
    "DatasetSettings",
    "DialectSettings",
    "ModelSettings",
    "PcaSettings",
    "ProjectionSettings",
    "StateSettings",
    "TokenSettings",
    "TsneSettings",
    "UserModelSettings",
    "load_config",
    "projection_settings",
    "setting_keys",
]


LARGEST = 2**20  # bytes of a config
MOST_VALUES = 50_000  # in a config
_QUOTED = re.compile(r"(['`\"]).*\1")


class _Loader(yaml.SafeLoader):
    """The safe loader, which refuses a key that stands twice instead of taking the last.

    Labels are read as they are written: `no` is a name there, not a boolean.
    """

    def construct_document(self, node: yaml.Node) -> Any:
        if _size(node, {}) > MOST_VALUES:
            raise yaml.constructor.ConstructorError(
                None, None, "its aliases stand for too much", node.start_mark
            )
        for key in LABELS:
            _as_text(_at(_at(node, "dataset"), key))
        return super().construct_document(node)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if (
                isinstance(key, yaml.ScalarNode)
                and key.value in seen
                and key.tag != "tag:yaml.org,2002:merge"
            ):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key `{key.value}` stands twice", key.start_mark
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)


def _size(node: yaml.Node, known: dict[int, float]) -> float:
    """How many values a node stands for, an alias for all that it repeats; infinite where it is in itself."""
    if id(node) not in known:
        known[id(node)] = float("inf")
        inside = node.value if isinstance(node, yaml.CollectionNode) else ()
        if isinstance(node, yaml.MappingNode):
            inside = [one for pair in inside for one in pair]
        known[id(node)] = 1 + sum(_size(one, known) for one in inside)
    return known[id(node)]


def _at(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """What a key of a mapping has, if it is a mapping that has it."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for one, value in node.value if one.value == key), None)


def _as_text(node: yaml.Node | None) -> None:
    """Makes texts of all plain scalars in a node, but of a null that is all of it."""
    for one in _scalars(node, inside=False):
        one.tag = "tag:yaml.org,2002:str"


def _scalars(node: yaml.Node | None, *, inside: bool) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode) and (inside or node.tag != "tag:yaml.org,2002:null"):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _scalars(one, inside=True)
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            for one in pair:
                yield from _scalars(one, inside=True)


def load_config(path: str | Path, overrides: Sequence[str] = (), *, quote: bool = True) -> Config:
    """Reads a config and applies `KEY=VALUE` overrides such as `dataset.limit=500`.

    Args:
        path: a YAML file; the bare name of a packaged config (`demo`, `digits`, `language`, …) works too.
        overrides: `KEY=VALUE` each; the value is read as YAML.
        quote: whether a message about what is no config may quote it; nobody named a file that was found in a
            folder, and it may be a link to any other.

    Raises:
        ConfigError: naming the file, the key, the value and the remedy.
    """
    file = paths.config_file(Path(path))
    try:
        with file.open(encoding="utf-8") as text:
            whole = text.read(LARGEST + 1)
        if len(whole) > LARGEST:
            raise ConfigError(f"{file}: has more than 1 MiB: this is not a config.")
        content = yaml.load(whole, _Loader)
    except FileNotFoundError:
        packaged = ", ".join(sorted(f.stem for f in paths.configs_folder().glob("*.yaml")))
        raise ConfigError(f"{path}: there is no such config. Packaged ones: {packaged}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: can't be read ({error}). Give a YAML text file in UTF-8.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: a date such as 2020-13-45
        where = getattr(error, "problem_mark", None)
        at = f", line {where.line + 1}, column {where.column + 1}" if where else ""
        what = getattr(error, "problem", None) or str(error) or "it can't be parsed"
        what = what if quote else _QUOTED.sub("…", what)
        raise ConfigError(
            f"{file}{at}: this is not YAML: {what}. Check indentation, colons and quotes."
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(f"{file}: a config is a mapping of keys to values, beginning with `name: …`.")
    if not quote and not is_config(content):
        raise ConfigError(
            f"{file}: most of its keys are none of a config's. A config begins with `name: …`; "
            "docs/configuration.md lists all keys."
        )
    for override in overrides:
        apply_override(content, override)
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise ConfigError("\n".join(messages(file, error))) from None


def projection_settings(asked: dict[str, Any]) -> TsneSettings | PcaSettings:
    """One projection that was asked for outside of a config.

    Raises:
        ConfigError: naming the setting, the value and the remedy.
    """
    blocks: dict[Any, type[TsneSettings | PcaSettings]] = {"tsne": TsneSettings, "pca": PcaSettings}
    block = blocks.get(asked.get("method"))
    if block is None:
        raise ConfigError(f"`method` is {short(asked.get('method'))}: it should be tsne or pca.")
    try:
        return block.model_validate(asked)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            raise ConfigError(f"`{key}` is not a setting of {asked['method']}.") from None
        what = problem["msg"].replace("Input should", "it should")
        raise ConfigError(f"`{key}` is {short(problem['input'])}: {what}.") from None
