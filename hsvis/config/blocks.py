"""The settings of a run, in blocks: every key with type, range, default and help line."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from hsvis.config.answers import NEXT, AnswerKind, check_label, without_label
from hsvis.config.base import PositiveInt, Settings
from hsvis.config.dataset import FILE_FORMATS, DataFiles, DatasetSettings
from hsvis.config.model import LATER, UNUSED, AnyModel, ModelSettings, UserModelSettings
from hsvis.config.projections import ProjectionSettings, both_projections
from hsvis.config.tokens import TokenSettings


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

    top: Annotated[int, Field(ge=1, le=1000)] = Field(
        10,
        description="Of a language model, how many of the most probable next tokens are kept of each step.",
    )

    @field_validator("layers")
    @classmethod
    def each_once(cls, layers: list[str] | None) -> list[str] | None:
        if layers and len(set(layers)) < len(layers):
            raise ValueError("names a layer twice")
        return layers


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
    projections: list[ProjectionSettings] = Field(default_factory=both_projections, min_length=1)

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
        given = {key: model[key] for key in model if key != "answers"} if isinstance(model, dict) else model
        if given and (not isinstance(given, dict) or LATER | given != UNUSED):
            raise ValueError(
                "`model` has no use beside `states_from`, whose files hold what a model computes; only "
                "`model.answers` says what the answers in them are"
            )
        return content | {"dataset": {"path": "files"} | (content.get("dataset") or {})}

    @property
    def answers(self) -> AnswerKind:
        """What the model answers, as far as the config says it."""
        if self.is_of_next_tokens:
            return NEXT
        return self.model.answer_kind

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
        if self.answers not in ("classes", NEXT) and dataset.path in ("demo", "digits"):
            raise ValueError(
                f"`model.answers: {self.answers}` has no use with `path: {dataset.path}`, of classes"
            )
        return self

    @model_validator(mode="after")
    def answers_of_the_model(self) -> "Config":
        said = self.model.answers if isinstance(self.model, ModelSettings) else None
        if self.states_from is not None and said == NEXT:
            raise ValueError(
                "`model.answers: next token` is not read from files: `states_from` holds `classes`, "
                "`independent` ones or a `number`"
            )
        if self.states_from is None and said in ("independent", "number"):
            raise ValueError(
                f"the built-in model learns `classes` or the `next token`; `model.answers: {said}` is for a "
                "model of your own (`model.factory`), or for files (`states_from`)"
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

    @model_validator(mode="before")
    @classmethod
    def next_tokens_need_no_label(cls, content: Any) -> Any:
        """`model.answers: next token` says that nothing else is the label; `sentences` have none."""
        return without_label(content) if isinstance(content, dict) else content

    @model_validator(mode="after")
    def labels_or_next_tokens(self) -> "Config":
        if self.states_from is None:
            check_label(self.model.answers, self.dataset.label)
        return self

    @property
    def is_of_next_tokens(self) -> bool:
        """Whether the model is one of language: after each token it answers with the next."""
        return self.states_from is None and self.dataset.label is None

    @model_validator(mode="after")
    def layers_of_the_model(self) -> "Config":
        if isinstance(self.model, UserModelSettings) or self.states_from is not None:
            return self  # they are known when it is made, or read
        hidden = [f"rnn.{i}" for i in range(self.model.layers)]
        there = hidden + [f"{name}.cell" for name in hidden if self.model.cell == "lstm"]
        for layer in self.states.layers or []:
            if layer not in there:
                others = ", ".join(there)
                raise ValueError(f"`states.layers`: the model has no layer `{layer}`. It has {others}.")
        return self
