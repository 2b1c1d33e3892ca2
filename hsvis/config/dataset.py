"""The settings of a dataset."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from hsvis.config.base import PositiveInt, Settings
from hsvis.config.dialect import DialectSettings
from hsvis.config.files import DataFiles
from hsvis.config.formats import SERIES_FORMATS, refuse_format

MADE = ("demo", "sentences", "digits")  # by hsvis itself
LARGEST_SEED = 2**32 - 1  # that numpy, scikit-learn and torch all take
FILE_FORMATS = (
    "csv",
    "tsv",
    "json",
    "jsonl",
    "lines",
    "conll",
    "folder",
    "parquet",
    "npz",
    *SERIES_FORMATS,
)  # of local files, named in `data_files`
Kind = Literal["number", "date", "category", "boolean"]  # of a kept column
AXES = (["feature", "sequence", "step"], ["sequence", "step"])  # that an array may have


def _as_label(value: Any) -> Any:
    """A scalar of YAML as a label is written; anything else as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else "null" if value is None else value


class DatasetSettings(Settings):
    path: str = Field(
        description="`demo`, `sentences`, `digits`, a name on the Hugging Face hub, a folder, a file, or "
        "`csv`/`tsv`/`json`/`jsonl`/`lines`/`conll`/`folder`/`parquet`, or of series `npz`/`npy`/`ucr`/`ts`/"
        "`arff`, together with `data_files`."
    )
    data_files: DataFiles | None = Field(None, description="Local files of the two splits.")
    dialect: DialectSettings | None = Field(
        None, description="How text files are written; null = it is found."
    )
    columns: Annotated[list[str], Field(min_length=1)] | None = Field(
        None,
        description="Names of the columns of a csv file without a header, or of JSON rows that are lists, "
        "from left to right.",
    )
    field: str | None = Field(
        None, description="Where the rows of a JSON file stand, such as `data.items`; null = they are found."
    )
    split: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of the rows of one file that are kept apart as the test split, with `seed`, the "
        "same of each class.",
    )
    train: str = Field("train", description="Name of the split to train on.")
    test: str = Field("test", description="Name of the split to analyse.")
    text: str | Annotated[list[str], Field(min_length=2, max_length=2)] = Field(
        "text",
        description="Column that holds the text; of series, what they are called. Two columns, such as "
        "`[premise, hypothesis]`, are pairs of texts that a model reads together.",
    )
    fixed: str | None = Field(
        None,
        description="Of pairs that your model takes as two arguments: the column that is given as a whole "
        "while the other grows; null = the first.",
    )
    label: str | None = Field(
        "label",
        description="Column (or array) that holds the class; null = there is none: a language model answers "
        "each token with the next.",
    )
    labels: Annotated[list[str], Field(min_length=2)] | None = Field(
        None,
        description="Columns of 0 and 1, one for each of independent classes; a list in `label` is the same.",
    )
    classes: list[str] | dict[str, str] | None = Field(
        None,
        description="Names of the classes, in order; or a mapping from label to name, such as "
        "`{0: negative, 4: positive}`.",
    )
    unknown: list[str] = Field([], description="Labels that mean “no label”, such as `-1`.")
    values: str | Annotated[list[str], Field(min_length=1)] | None = Field(
        None,
        description="Numbers in place of a text: a column of lists, an array of an .npz file, or columns of "
        "numbers, by name or pattern (`t*`): with `sequence` features of a step, else the steps of a row.",
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
    axes: list[Literal["sequence", "step", "feature"]] | None = Field(
        None,
        description="Order of the axes of an array or of nested lists; null = `[sequence, step, feature]`.",
    )
    missing: Literal["refuse", "zero", "forward", "interpolate", "drop"] = Field(
        "refuse",
        description="Missing values of series: `refuse` them, or take 0 (`zero`), the last known value "
        "(`forward`) or the line between known ones (`interpolate`), or leave their steps out (`drop`).",
    )
    keep: Literal["all"] | list[str] | dict[str, Kind | None] | None = Field(
        None,
        description="Columns that are kept of each test sequence beside its text and label, such as "
        "`[source, year]`, or `all`; a mapping says what they hold, `{code: category}`: `number`, `date`, "
        "`category` or `boolean`.",
    )
    limit: PositiveInt | None = Field(
        None, description="How many test sequences to analyse; null = all. `choose` says which."
    )
    choose: Literal["even", "first", "random"] = Field(
        "even", description="Which rows `limit` takes: spread evenly over the split, the first, or any."
    )
    seed: int = Field(
        7,
        ge=0,
        le=LARGEST_SEED,
        description="Seed of what `limit` and `split` take, and of `demo`, `sentences` and `digits`.",
    )

    @model_validator(mode="before")
    @classmethod
    def several_columns(cls, content: Any) -> Any:
        if isinstance(content, dict) and isinstance(content.get("label"), list):  # that of `labels`
            several = list(map(str, content["label"]))
            if len(set(several)) < max(1, len(several)):
                raise ValueError("`label` names one or several columns, each once")
            return content | {"label": several[0], "labels": several if len(several) > 1 else None}
        return content

    @field_validator("classes", mode="before")
    @classmethod
    def classes_as_text(cls, given: Any) -> Any:
        """Numbers and booleans of YAML are names, as they are labels."""
        if given is None:
            return None
        flat = [*given, *given.values()] if isinstance(given, dict) else given
        if not isinstance(given, list | tuple | dict) or any(
            isinstance(one, list | tuple | dict) for one in flat
        ):
            raise ValueError("should be a list of names, or a mapping from label to name")
        values = list(given.values()) if isinstance(given, dict) else list(given)
        names, is_list = list(map(_as_label, values)), not isinstance(given, dict)
        if len(set(names)) < 2 or (is_list and len(set(names)) < len(names)):
            raise ValueError("should name two different classes at least, and each once")
        return names if is_list else dict(zip(map(_as_label, given), names, strict=True))

    @field_validator("keep", mode="before")
    @classmethod
    def columns_by_name(cls, given: Any) -> Any:
        """One column or several, each once; nothing is none."""
        every = given if isinstance(given, list | dict) else [] if given is None else [given]
        if not all(isinstance(one, str | int | float | None) and one not in ("", None) for one in every):
            raise ValueError("should be `all`, a list of columns, or a mapping from column to what it holds")
        if isinstance(given, dict):
            wrong = [kind for kind in given.values() if kind is not None and kind not in get_args(Kind)]
            if wrong:
                raise ValueError(f"`{wrong[0]}` is none of {', '.join(get_args(Kind))}")
            return {_as_label(name): kind for name, kind in given.items()} or None
        return "all" if given == "all" else list(dict.fromkeys(map(_as_label, every))) or None

    @field_validator("unknown", mode="before")
    @classmethod
    def unknown_as_text(cls, given: Any) -> Any:
        every = given if isinstance(given, list) else [] if given is None else [given]
        return list(map(_as_label, every))

    @property
    def class_names(self) -> list[str] | None:
        """Names that are given, in order."""
        return list(dict.fromkeys(self.classes.values())) if isinstance(self.classes, dict) else self.classes

    @property
    def text_columns(self) -> list[str]:
        """The column that holds the texts, or both."""
        return [self.text] if isinstance(self.text, str) else self.text

    @property
    def is_series(self) -> bool:
        """Whether sequences are of numbers, not of words."""
        return self.path in ("digits", *SERIES_FORMATS) or self.values is not None

    @field_validator("data_files", mode="before")
    @classmethod
    def files_without_a_split(cls, given: Any) -> Any:
        return {"train": given} if isinstance(given, str | list) else given

    @field_validator("label", mode="before")
    @classmethod
    def label_by_number(cls, given: Any) -> Any:
        """A column may be called by its number."""
        return str(given) if type(given) is int else given

    @field_validator("columns")
    @classmethod
    def columns_once(cls, given: list[str] | None) -> list[str] | None:
        if given is not None and len(set(given)) < len(given):
            raise ValueError("names a column twice")
        return given

    @model_validator(mode="after")
    def files_for_file_formats(self) -> "DatasetSettings":
        files = self.data_files or DataFiles(train=None, test=None)
        refuse_format(self.path)
        for one in (files.train, files.test) if self.path in FILE_FORMATS else ():
            for file in [one] if isinstance(one, str) else one or ():
                refuse_format(file.rpartition(".")[2], file)
        if self.path in FILE_FORMATS and not files.test and self.split is None:
            one = (
                ", or `split: 0.2` to keep a fifth of one file apart as the test split" if files.train else ""
            )
            raise ValueError(
                f"`path: {self.path}` needs `data_files.test`, and `data_files.train` to train on{one}"
            )
        if self.path in FILE_FORMATS and self.split is not None and not (files.train or files.test):
            raise ValueError(f"`path: {self.path}` with `split` needs one file in `data_files`")
        if self.split is not None and files.train and files.test and files.train != files.test:
            raise ValueError("`split` makes the test split of one file: name it in `data_files` alone")
        if self.split is not None and self.path in MADE:
            raise ValueError(f"`split` has no use with `path: {self.path}`, which has both splits")
        for key in ("dialect", "columns"):
            if getattr(self, key) is not None and self.path in (*MADE, "parquet", "npz"):
                raise ValueError(f"`{key}` is for text files, not for `path: {self.path}`")
        return self

    @model_validator(mode="after")
    def texts_without_labels(self) -> "DatasetSettings":
        others = (self.is_series, self.classes, self.unknown, self.labels)
        if self.label is None and any(others):
            raise ValueError(
                "`classes`, `unknown` and series have no use with `label: null`: it is for texts"
            )
        return self

    @model_validator(mode="after")
    def two_texts(self) -> "DatasetSettings":
        columns = self.text_columns
        if len(set(columns)) < len(columns):
            raise ValueError("`text` names one column twice: a pair is of two columns")
        if len(columns) > 1 and (self.is_series or self.path in MADE):
            raise ValueError("`text` names two columns, which is for texts: name one")
        if len(columns) > 1 and self.label is None:
            raise ValueError(
                "`text` names two columns, and a language model (`label: null`) reads one: name it"
            )
        if self.fixed is not None and (len(columns) < 2 or self.fixed not in columns):
            raise ValueError("`fixed` is one of the two columns that `text` names: `text: [first, second]`")
        return self

    @model_validator(mode="after")
    def values_where_needed(self) -> "DatasetSettings":
        if self.path == "npz" and not isinstance(self.values, str):
            raise ValueError("`path: npz` needs `values`, the name of the array of numbers")
        if self.path in SERIES_FORMATS and (self.values is not None or self.sequence is not None):
            raise ValueError(
                f"`path: {self.path}` knows its series itself: leave out `values` and `sequence`"
            )
        if self.missing != "refuse" and not self.is_series:
            raise ValueError("`missing` is for series of numbers: name their columns in `values`")
        for key in ("sequence", "step", "lengths"):
            if getattr(self, key) is not None and self.values is None:
                raise ValueError(f"`{key}` is for series of numbers: name their columns in `values`")
        if self.step is not None and self.sequence is None:
            raise ValueError("`step` needs `sequence`, the column that tells the sequences apart")
        if self.lengths is not None and self.path != "npz":
            raise ValueError("`lengths` is for `path: npz`")
        has_axes = self.path == "npy" or (isinstance(self.values, str) and self.sequence is None)
        if self.axes is not None and not has_axes:
            raise ValueError("`axes` is for arrays and for a column of lists, named in `values`")
        if self.axes is not None and sorted(self.axes) not in AXES:
            raise ValueError(
                "`axes` names `sequence`, `step` and, where there is such an axis, `feature` once"
            )
        return self
