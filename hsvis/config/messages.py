"""What pydantic finds wrong with a config, in sentences that name file, key, value and remedy."""

import difflib
import reprlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from hsvis.config.base import Settings
from hsvis.config.blocks import Config
from hsvis.config.model import ModelSettings, UserModelSettings
from hsvis.config.projections import PcaSettings, TsneSettings

A_DATASET = "Give it a `path`, such as `demo` or the name of a dataset on the hub; or set `states_from`."


def messages(file: Path, error: ValidationError) -> Iterator[str]:
    """One sentence for each problem of a config."""
    for problem in error.errors():
        location = [
            p for p in problem["loc"] if p not in ("tsne", "pca", "built-in", "own", "function-after")
        ]
        key = ".".join(map(str, location))
        value = problem["input"]
        prefix = f"{file}: `{key}`" if key else f"{file}:"
        match problem["type"]:
            case "extra_forbidden":
                yield f"{prefix} is not a setting. {_nearest(location)}"
            case "missing":
                yield f"{prefix} is missing. {_help(location) or A_DATASET}"
            case "union_tag_not_found" | "union_tag_invalid":
                yield f"{prefix} needs `method: tsne` or `method: pca`, not {short(value)}."
            case "value_error" if not key:
                yield f"{file}: {problem['msg'].removeprefix('Value error, ')}"
            case _:
                what = problem["msg"].removeprefix("Value error, ").replace("Input should", "it should")
                yield f"{prefix} is {short(value)}: {what}. {_help(location)}".rstrip()


class _Repr(reprlib.Repr):
    """As `repr`, of the beginning: a few lines of YAML can stand for millions of values."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxdict = self.maxtuple = self.maxset = 30
        self.maxstring = self.maxother = self.maxlong = 200


def short(value: Any) -> str:
    """A value as it stands in a message."""
    try:
        text = _Repr().repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        text = "a number of thousands of digits"
    return f"`{text if len(text) <= 60 else text[:57] + '…'}`"


def _nearest(location: Sequence[Any]) -> str:
    """The known key that an unknown one comes closest to; else the keys that its block has."""
    parts = [str(part) for part in location if not isinstance(part, int)]
    known = [key for key, _ in setting_keys()]
    blocks = sorted({key.rsplit(".", depth)[0] for key in known for depth in range(1, key.count(".") + 1)})
    close = difflib.get_close_matches(".".join(parts), known + blocks, n=1, cutoff=0.6)
    if not close:
        leaves = {key.rsplit(".", 1)[-1]: key for key in reversed(known)}
        close = [leaves[leaf] for leaf in difflib.get_close_matches(parts[-1], leaves, n=1, cutoff=0.75)]
    if close:
        return f"Did you mean `{close[0]}`?"
    there = [key for key in known if key.rpartition(".")[0] == ".".join(parts[:-1])]
    return "Settings there: " + ", ".join(f"`{key}`" for key in there or blocks) + "."


def _help(location: Sequence[Any]) -> str:
    key = ".".join(str(p) for p in location if not isinstance(p, int))
    return dict(setting_keys()).get(key, "")


def is_config(content: dict[Any, Any]) -> bool:
    """Whether half of its keys at least are such as a config has, well spelled or nearly.

    Of anything else nothing is to be quoted: whoever sees the message may not be allowed to see the file.
    """
    known = list(Config.model_fields)
    like = [key for key in content if difflib.get_close_matches(str(key)[:80], known, n=1, cutoff=0.75)]
    return 2 * len(like) >= len(content)


def setting_keys() -> list[tuple[str, str]]:
    """All settings as (dotted key, help line); `projections.…` stands for each entry of that list."""

    def walk(block: type[BaseModel], prefix: str) -> Iterator[tuple[str, str]]:
        for name, field in block.model_fields.items():
            if name == "projections":
                for method in (TsneSettings, PcaSettings):
                    yield from walk(method, "projections.")
            elif name == "model":
                for kind in (ModelSettings, UserModelSettings):
                    yield from walk(kind, "model.")
            elif (inner := _block_of(field.annotation)) is not None:
                yield from walk(inner, f"{prefix}{name}.")
            else:
                yield prefix + name, field.description or ""

    return list(dict(reversed(list(walk(Config, "")))).items())[::-1]


def _block_of(annotation: Any) -> type[BaseModel] | None:
    options = getattr(annotation, "__args__", None) or (annotation,)
    return next((o for o in options if isinstance(o, type) and issubclass(o, Settings)), None)
