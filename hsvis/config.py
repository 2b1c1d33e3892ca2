"""YAML -> Config: one run, checked before anything is done.

Every key has a type, a range, a default and a help line; a key that does not exist is an error
that names the nearest one that does.  `docs/configuration.md` lists them all, and a test holds that.
"""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from hsvis import places
from hsvis.errors import ConfigError
from hsvis.overrides import apply_override

PositiveInt = Annotated[int, Field(ge=1)]
LARGEST_SEED = 2**32 - 1  # that numpy, scikit-learn and torch all take
Fraction = Annotated[float, Field(ge=0, lt=1)]
FILE_FORMATS = ("parquet", "csv", "json", "npz")  # of local files, named in `data_files`


class Settings(BaseModel):
    """A block of settings: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class DataFiles(Settings):
    train: str | list[str] | None = Field(
        None, description="File or files of the training split; your own model can do without."
    )
    test: str | list[str] | None = Field(None, description="File or files of the test split.")


class DatasetSettings(Settings):
    path: str = Field(
        description="`demo`, `digits`, a name on the Hugging Face hub, a dataset folder, or "
        "`parquet`/`csv`/`json`/`npz` together with `data_files`."
    )
    data_files: DataFiles | None = Field(None, description="Local files of the two splits.")
    train: str = Field("train", description="Name of the split to train on.")
    test: str = Field("test", description="Name of the split to analyse.")
    text: str = Field("text", description="Column that holds the text; of series, what they are called.")
    label: str = Field("label", description="Column (or array) that holds the class.")
    classes: list[str] | None = Field(
        None, description="Names of the classes, where the dataset does not know them."
    )
    values: str | Annotated[list[str], Field(min_length=1)] | None = Field(
        None,
        description="Numbers in place of a text: a column of lists, an array of an .npz file, or, with "
        "`sequence`, columns of numbers.",
    )
    sequence: str | None = Field(
        None, description="Long form, a row for each step: the column that tells the sequences apart."
    )
    step: str | None = Field(
        None, description="Long form: the column that orders and names the steps; null = as they stand."
    )
    step_name: str | None = Field(
        None, description="What a step of numbers is called, such as `row`; null = `step`."
    )
    lengths: str | None = Field(
        None, description="Array of the steps of each sequence in an .npz file; null = all the same."
    )
    draw: Literal["rows", "columns", "lines"] | None = Field(
        None,
        description="How numbers are drawn: `rows` and `columns` of an image, or `lines`; null = lines up to "
        "8 values a step, else columns.",
    )
    limit: PositiveInt | None = Field(
        None, description="How many test sequences to analyse, the first ones; null = all."
    )
    seed: int = Field(
        7, ge=0, le=LARGEST_SEED, description="Seed of what comes with hsvis: `demo` and `digits`."
    )

    @property
    def is_series(self) -> bool:
        """Whether sequences are of numbers, not of words."""
        return self.path == "digits" or self.values is not None

    @model_validator(mode="after")
    def files_for_file_formats(self) -> "DatasetSettings":
        if self.path in FILE_FORMATS and not (self.data_files and self.data_files.test):
            raise ValueError(
                f"`path: {self.path}` needs `data_files.test`, and `data_files.train` to train on"
            )
        return self

    @model_validator(mode="after")
    def values_where_needed(self) -> "DatasetSettings":
        if self.path == "npz" and not isinstance(self.values, str):
            raise ValueError("`path: npz` needs `values`, the name of the array of numbers")
        if isinstance(self.values, list) and self.sequence is None:
            raise ValueError("several `values` need `sequence`, the column that tells the sequences apart")
        for key in ("sequence", "step", "lengths"):
            if getattr(self, key) is not None and self.values is None:
                raise ValueError(f"`{key}` is for series of numbers: name their columns in `values`")
        if self.step is not None and self.sequence is None:
            raise ValueError("`step` needs `sequence`, the column that tells the sequences apart")
        if self.lengths is not None and self.path != "npz":
            raise ValueError("`lengths` is for `path: npz`")
        return self


class TokenSettings(Settings):
    lowercase: bool = Field(True, description="Whether `Good` and `good` are one word of the vocabulary.")
    max_length: PositiveInt | None = Field(
        100, description="The most tokens of a text that are read; null = all."
    )
    keep: Literal["last", "first"] = Field(
        "last", description="Which end of a text that is too long is read."
    )
    vocabulary: Annotated[int, Field(ge=3)] = Field(
        20_000, description="Words in the vocabulary, the most frequent ones, with padding and unknown."
    )


class ModelSettings(Settings):
    cell: Literal["lstm", "gru", "rnn"] = Field("lstm", description="The recurrent cell.")
    embedding: PositiveInt = Field(32, description="Size of the word vectors.")
    hidden: PositiveInt = Field(100, description="Hidden units of each recurrent layer.")
    layers: PositiveInt = Field(1, description="Recurrent layers on top of each other.")
    output: Literal["sigmoid", "softmax"] | None = Field(
        None, description="The head; null = sigmoid for two classes, softmax for more."
    )
    dropout: Fraction = Field(0.5, description="Dropout on word vectors, between layers and before the head.")
    word_dropout: Fraction = Field(0.1, description="Share of training words that are read as unknown.")
    early_loss: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="Weight of the loss after a random step in the second half of each training text."
    )
    epochs: PositiveInt = Field(5, description="Passes over the training split; the best one is kept.")
    batch_size: PositiveInt = Field(64, description="Sequences in one training step.")
    learning_rate: Annotated[float, Field(gt=0, le=1000)] = Field(
        5e-3, description="Peak of the one-cycle learning rate (Adam)."
    )
    averaging: Fraction = Field(
        0.998, description="Decay per step of the running mean of the weights, which is what is kept."
    )
    seed: int = Field(
        99, ge=0, le=LARGEST_SEED, description="Seed of weights, dropout, order and the held-out tenth."
    )


class OwnModelSettings(Settings):
    factory: str = Field(
        pattern=r"^[\w.]+:[\w.]+$",
        description="`package.module:callable` that makes your own torch module, in place of all above.",
    )
    kwargs: dict[str, Any] = Field({}, description="Arguments of the factory.")
    checkpoint: str | None = Field(
        None, description="Its weights: safetensors, or a torch file of `model.state_dict()`."
    )
    tokenizer: str | None = Field(
        None,
        description="How it reads texts: a vocabulary (.txt, .json), a tokenizer.json, or "
        "`package.module:function`; null = the module's own `encode`.",
    )
    recurrent: list[str] | None = Field(
        None, min_length=1, description="Paths of the recurrent modules to show; null = all."
    )
    head: str | None = Field(
        None, description="Path of the module that reads a hidden state; null = it is looked for."
    )
    device: str | None = Field(
        None,
        pattern=r"^(cpu|mps|cuda(:\d+)?)$",
        description="Where it computes: `cpu`, `cuda`, `cuda:1` or `mps`; null = where the factory put it.",
    )


def _kind_of_model(value: Any) -> str:
    own = "factory" in value if isinstance(value, dict) else isinstance(value, OwnModelSettings)
    return "own" if own else "built-in"


AnyModel = Annotated[
    Annotated[ModelSettings, Tag("built-in")] | Annotated[OwnModelSettings, Tag("own")],
    Discriminator(_kind_of_model),
]


class StateSettings(Settings):
    layers: list[str] | None = Field(
        None,
        min_length=1,
        description="Layers whose states are kept, such as `rnn.0` or `rnn.0.cell`; null = `rnn.0` of the "
        "built-in classifier, all of your own model.",
    )
    precision: Literal["float32", "float16"] = Field("float32", description="How states are stored.")
    part_steps: PositiveInt = Field(
        65_536,
        description="Steps in one file of states, about; a killed build goes on from the last whole file.",
    )

    @field_validator("layers")
    @classmethod
    def each_once(cls, layers: list[str] | None) -> list[str] | None:
        if layers and len(set(layers)) < len(layers):
            raise ValueError("names a layer twice")
        return layers


class TsneSettings(Settings):
    method: Literal["tsne"] = Field(description="t-SNE, by openTSNE.")
    perplexity: Annotated[float, Field(gt=0)] = Field(
        30, description="About how many neighbours count as near."
    )
    seed: int = Field(9999, ge=0, le=LARGEST_SEED, description="Seed of the embedding.")


class PcaSettings(Settings):
    method: Literal["pca"] = Field(description="The two principal components.")
    seed: int = Field(99, ge=0, le=LARGEST_SEED, description="Seed of the solver.")


ProjectionSettings = Annotated[TsneSettings | PcaSettings, Field(discriminator="method")]


def projection_settings(asked: dict[str, Any]) -> TsneSettings | PcaSettings:
    """One projection that was asked for outside of a config.

    Raises:
        ConfigError: naming the setting, the value and the remedy.
    """
    blocks: dict[Any, type[TsneSettings | PcaSettings]] = {"tsne": TsneSettings, "pca": PcaSettings}
    block = blocks.get(asked.get("method"))
    if block is None:
        raise ConfigError(f"`method` is {_short(asked.get('method'))}: it should be tsne or pca.")
    try:
        return block.model_validate(asked)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            raise ConfigError(f"`{key}` is not a setting of {asked['method']}.") from None
        what = problem["msg"].replace("Input should", "it should")
        raise ConfigError(f"`{key}` is {_short(problem['input'])}: {what}.") from None


def _both_projections() -> list[TsneSettings | PcaSettings]:
    return [TsneSettings(method="tsne"), PcaSettings(method="pca")]


class Config(Settings):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = Field(
        description="The run's name: letters, digits, `.`, `_` and `-`."
    )
    states_from: str | None = Field(
        None,
        description="An .npz file or a folder of parquet files that hold states, EPs and tokens, in place of "
        "`dataset` and `model`.",
    )
    dataset: DatasetSettings
    tokens: TokenSettings = Field(default_factory=TokenSettings)
    model: AnyModel = Field(default_factory=ModelSettings)
    states: StateSettings = Field(default_factory=StateSettings)
    projections: list[ProjectionSettings] = Field(default_factory=_both_projections, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def files_in_place_of_a_dataset(cls, content: Any) -> Any:
        if not isinstance(content, dict) or content.get("states_from") is None:
            return content
        if "model" in content:
            raise ValueError(
                "`model` has no use beside `states_from`, whose files hold what a model computes"
            )
        return content | {"dataset": {"path": "files"} | (content.get("dataset") or {})}

    @field_validator("projections")
    @classmethod
    def each_projection_once(cls, projections: list[ProjectionSettings]) -> list[ProjectionSettings]:
        if any(one in projections[:i] for i, one in enumerate(projections)):
            raise ValueError("names a projection twice")
        return projections

    @model_validator(mode="after")
    def files_to_train_on(self) -> "Config":
        dataset = self.dataset
        is_trained = isinstance(self.model, ModelSettings) and self.states_from is None
        if is_trained and dataset.path in FILE_FORMATS and not (dataset.data_files or DataFiles()).train:
            raise ValueError(f"`dataset.path: {dataset.path}` needs `data_files.train`, to train a model on")
        return self

    @model_validator(mode="after")
    def layers_of_the_model(self) -> "Config":
        if isinstance(self.model, OwnModelSettings) or self.states_from is not None:
            return self  # they are known when it is made, or read
        hidden = [f"rnn.{i}" for i in range(self.model.layers)]
        there = hidden + [f"{name}.cell" for name in hidden if self.model.cell == "lstm"]
        for layer in self.states.layers or []:
            if layer not in there:
                raise ValueError(
                    f"`states.layers`: the model has no layer `{layer}`. It has {', '.join(there)}."
                )
        return self


class _Loader(yaml.SafeLoader):
    """The safe loader, which refuses a key that stands twice instead of taking the last."""

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


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Reads a config and applies `KEY=VALUE` overrides such as `dataset.limit=500`.

    Args:
        path: a YAML file; the bare name of a packaged config (`demo`, `imdb`, `reuters`) works too.
        overrides: `KEY=VALUE` each; the value is read as YAML.

    Raises:
        ConfigError: naming the file, the key, the value and the remedy.
    """
    file = places.config_file(Path(path))
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        packaged = ", ".join(sorted(f.stem for f in places.configs_folder().glob("*.yaml")))
        raise ConfigError(f"{path}: there is no such config. Packaged ones: {packaged}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: can't be read ({error}). Give a YAML text file in UTF-8.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: a date such as 2020-13-45
        where = getattr(error, "problem_mark", None)
        at = f", line {where.line + 1}, column {where.column + 1}" if where else ""
        what = getattr(error, "problem", None) or str(error) or "it can't be parsed"
        raise ConfigError(
            f"{file}{at}: this is not YAML: {what}. Check indentation, colons and quotes."
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(f"{file}: a config is a mapping of keys to values, beginning with `name: …`.")
    for override in overrides:
        apply_override(content, override)
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise ConfigError("\n".join(_messages(file, content, error))) from None


def _messages(file: Path, content: dict[str, Any], error: ValidationError) -> Iterator[str]:
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
                yield f"{prefix} is missing. {_help(location)}"
            case "union_tag_not_found" | "union_tag_invalid":
                yield f"{prefix} needs `method: tsne` or `method: pca`, not {_short(value)}."
            case "value_error" if not key:
                yield f"{file}: {problem['msg'].removeprefix('Value error, ')}"
            case _:
                what = problem["msg"].removeprefix("Value error, ").replace("Input should", "it should")
                yield f"{prefix} is {_short(value)}: {what}. {_help(location)}".rstrip()


def _short(value: Any) -> str:
    text = repr(value)
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


def setting_keys() -> list[tuple[str, str]]:
    """All settings as (dotted key, help line); `projections.…` stands for each entry of that list."""

    def walk(block: type[BaseModel], prefix: str) -> Iterator[tuple[str, str]]:
        for name, field in block.model_fields.items():
            if name == "projections":
                for method in (TsneSettings, PcaSettings):
                    yield from walk(method, "projections.")
            elif name == "model":
                for kind in (ModelSettings, OwnModelSettings):
                    yield from walk(kind, "model.")
            elif (inner := _block_of(field.annotation)) is not None:
                yield from walk(inner, f"{prefix}{name}.")
            else:
                yield prefix + name, field.description or ""

    return list(dict(reversed(list(walk(Config, "")))).items())[::-1]


def _block_of(annotation: Any) -> type[BaseModel] | None:
    options = getattr(annotation, "__args__", None) or (annotation,)
    return next((o for o in options if isinstance(o, type) and issubclass(o, Settings)), None)
