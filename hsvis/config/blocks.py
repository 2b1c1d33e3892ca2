"""The settings of a run, in blocks: every key with type, range, default and help line."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from hsvis.config.dataset import (
    FILE_FORMATS,
    LARGEST_SEED,
    DataFiles,
    DatasetSettings,
    PositiveInt,
    Settings,
)
from hsvis.config.tokens import TokenSettings

Device = Annotated[str | None, Field(pattern=r"^(cpu|mps|cuda(:\d+)?)$")]
WHERE = (  # of `model.device`, for both kinds of model
    "Where it computes: `cpu`, `cuda`, `cuda:1` or `mps`; null = the CPU, and your own model where the "
    "factory put it."
)
Fraction = Annotated[float, Field(ge=0, lt=1)]
AnswerKind = Literal["classes", "independent", "number"]


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
    device: Device = Field(None, description=WHERE)


UNUSED = ModelSettings.model_validate({}).model_dump()  # how a manifest holds a model that is not there
LATER = {"device": None}  # settings that came later: manifests of earlier versions lack them


class UserModelSettings(Settings):
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
    answers: list[AnswerKind | Literal["each step"]] | None = Field(
        None,
        min_length=1,
        description="What it answers: `classes`, of which one is right; `independent` ones, each with a "
        "probability of its own; or a `number`; once a sequence, or `each step`; null = classes, and when is "
        "found out.",
    )
    head: str | None = Field(
        None, description="Path of the module that reads a hidden state; null = it is looked for."
    )
    forward: str | None = Field(
        None,
        pattern=r"^[\w.]+:[\w.]+$",
        description="`package.module:function` that calls it, (module, inputs, lengths) -> answer, where a "
        "plain call does not do; `hsvis check --template` writes one.",
    )
    states: str | None = Field(
        None,
        pattern=r"^[\w.]+:[\w.]+$",
        description="`package.module:function` that gives its states, (module, inputs) -> {name: (B, T, H)}, "
        "where no layer of it does.",
    )
    device: Device = Field(None, description=WHERE)

    @field_validator("answers", mode="before")
    @classmethod
    def one_or_several(cls, given: Any) -> Any:
        """`each step`, or a list."""
        every = [given] if isinstance(given, str) else given
        return (
            [re.sub(r"[\s_-]+", " ", one.strip().lower()) if isinstance(one, str) else one for one in every]
            if isinstance(every, list)
            else every
        )

    @field_validator("answers")
    @classmethod
    def one_kind(cls, given: list[str] | None) -> list[str] | None:
        kinds = [one for one in dict.fromkeys(given or []) if one != "each step"]
        if len(kinds) > 1:
            raise ValueError(
                f"names {' and '.join(f'`{one}`' for one in kinds)}, and a model answers one of these: "
                "`classes` that exclude each other, `independent` ones, or a `number`"
            )
        return given

    @property
    def answer_kind(self) -> AnswerKind:
        """What it answers, whether once a sequence or at each step."""
        return next((one for one in self.answers or [] if one != "each step"), "classes")

    @field_validator("kwargs")
    @classmethod
    def plain_values(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(kwargs, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"only text, numbers, lists and mappings: {error}. Quote it") from error
        return kwargs


def _kind_of_model(value: Any) -> str:
    own = "factory" in value if isinstance(value, dict) else isinstance(value, UserModelSettings)
    return "own" if own else "built-in"


AnyModel = Annotated[
    Annotated[ModelSettings, Tag("built-in")] | Annotated[UserModelSettings, Tag("own")],
    Discriminator(_kind_of_model),
]


class StateSettings(Settings):
    layers: list[str] | None = Field(
        None,
        min_length=1,
        description="Layers whose states are kept, such as `rnn.0` or `rnn.0.cell`; null = `rnn.0` of the "
        "built-in classifier, all of your own model.",
    )
    precision: Literal["float32", "float16"] = Field(
        "float32",
        description="How states are stored; `float16` halves the files; docs/performance.md: what it costs.",
    )
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
    max_fit: Annotated[int, Field(ge=100)] | None = Field(
        20_000,
        description="The most states that t-SNE is fitted to; of more, a sample is, and the rest is placed "
        "by its neighbours there; null = all.",
    )


class PcaSettings(Settings):
    method: Literal["pca"] = Field(description="The two principal components.")
    seed: int = Field(99, ge=0, le=LARGEST_SEED, description="Seed of the solver.")


ProjectionSettings = Annotated[TsneSettings | PcaSettings, Field(discriminator="method")]


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
        if not isinstance(content.get("dataset") or {}, dict):
            raise ValueError(
                "`dataset` beside `states_from` is a block, such as `dataset: {classes: [no, yes]}`"
            )
        if (content.get("dataset") or {}).get("keep"):
            raise ValueError("`dataset.keep` has no use beside `states_from`: it is for columns of a dataset")
        model = content.get("model", UNUSED)
        if (LATER | model if isinstance(model, dict) else model) != UNUSED:
            raise ValueError(
                "`model` has no use beside `states_from`, whose files hold what a model computes"
            )
        return content | {"dataset": {"path": "files"} | (content.get("dataset") or {})}

    @property
    def answers(self) -> AnswerKind:
        """What the model answers, as far as the config says it."""
        return self.model.answer_kind if isinstance(self.model, UserModelSettings) else "classes"

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
        has_train = dataset.split is not None or (dataset.data_files or DataFiles()).train
        if is_trained and dataset.path in FILE_FORMATS and not has_train:
            raise ValueError(
                f"`dataset.path: {dataset.path}` needs `data_files.train`, to train a model on; of one file "
                "`dataset.split: 0.2` keeps a fifth apart as the test split"
            )
        return self

    @model_validator(mode="after")
    def labels_of_the_kind(self) -> "Config":
        dataset = self.dataset
        if dataset.labels is not None and self.answers != "independent":
            raise ValueError(
                f"`dataset.label` names several columns, {', '.join(dataset.labels[:5])}: that is for "
                "classes that "
                "do not exclude each other. Set `model.answers: independent`, or name one column"
            )
        if dataset.labels is not None and isinstance(dataset.classes, dict):
            raise ValueError(
                "`dataset.classes` is a list beside several columns in `dataset.label`: a name for each"
            )
        if self.answers == "number" and dataset.classes is not None:
            raise ValueError("`dataset.classes` has no use with `model.answers: number`, which has none")
        if self.answers != "classes" and dataset.path in ("demo", "digits"):
            raise ValueError(
                f"`model.answers: {self.answers}` has no use with `path: {dataset.path}`, of classes"
            )
        return self

    @model_validator(mode="after")
    def padding_of_the_model(self) -> "Config":
        if self.tokens.pad_to is not None and self.states_from is not None:
            raise ValueError("`tokens.pad_to` has no use beside `states_from`: its files hold the states")
        if self.tokens.pad_to is not None and isinstance(self.model, ModelSettings):
            raise ValueError(
                "`tokens.pad_to` is for a model of your own (`model.factory`): the built-in one never reads "
                "padding, so that it changes no answer. Leave it out"
            )
        return self

    @model_validator(mode="after")
    def layers_of_the_model(self) -> "Config":
        if isinstance(self.model, UserModelSettings) or self.states_from is not None:
            return self  # they are known when it is made, or read
        hidden = [f"rnn.{i}" for i in range(self.model.layers)]
        there = hidden + [f"{name}.cell" for name in hidden if self.model.cell == "lstm"]
        for layer in self.states.layers or []:
            if layer not in there:
                raise ValueError(
                    f"`states.layers`: the model has no layer `{layer}`. It has {', '.join(there)}."
                )
        return self
