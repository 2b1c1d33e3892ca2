"""The settings of how texts are cut into tokens."""

import difflib
import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from hsvis.config.base import PositiveInt, Settings

SPLITTERS = ("words", "punctuation", "basic_english", "treebank", "spacy", "whitespace", "characters")
OTHER_NAMES = {  # of splitters
    "word": "words", "words and punctuation": "punctuation", "basic english": "basic_english",
    "space": "whitespace", "spaces": "whitespace", "char": "characters", "chars": "characters",
    "character": "characters", "grapheme": "characters", "graphemes": "characters", "nltk": "treebank",
    "ptb": "treebank",
}  # fmt: skip
FUNCTION = re.compile(r"[\w.]+:[\w.]+")


class TokenSettings(Settings):
    split: str | None = Field(
        None,
        description="What a token is: `words`, `punctuation` (words, and each mark by itself), "
        "`basic_english` (as torchtext), `treebank` (as NLTK), `spacy`, `whitespace`, `characters` "
        "(graphemes), a tokenizer.json, or `package.module:function`; null = words, and characters "
        "of scripts "
        "without spaces.",
    )
    unknown: str | int | None = Field(
        None, description="Your own vocabulary's entry (or id) for words it lacks; null = it is looked for."
    )
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
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        0, description="Added to each id of your own vocabulary file: 3 for the word index of Keras' imdb."
    )
    between: str | int | None = Field(
        None,
        description="Of pairs that your model reads as one sequence: the entry (or id) of your vocabulary "
        "that stands between the two; null = it is looked for, as `[SEP]`.",
    )
    pad_to: Annotated[int, Field(ge=2)] | None = Field(
        None,
        description="The steps that sequences are padded to for your own model; longer ones are cut; null = "
        "they are read without padding.",
    )
    pad: Literal["left", "right"] = Field("right", description="Where the padding of `pad_to` stands.")
    pad_id: int | None = Field(
        None, description="The id that pads, of series the number; null = it is looked for."
    )

    @property
    def longest(self) -> int | None:
        """The most tokens that are read; None = all."""
        return min((n for n in (self.max_length, self.pad_to) if n is not None), default=None)

    @field_validator("split", mode="before")
    @classmethod
    def by_another_name(cls, given: Any) -> Any:
        """`char`, `words and punctuation`, …"""
        name = re.sub(r"[\s_-]+", " ", given.strip().lower()) if isinstance(given, str) else given
        return OTHER_NAMES.get(name, given) if isinstance(name, str) else given

    @field_validator("split")
    @classmethod
    def known_splitter(cls, split: str | None) -> str | None:
        """One of SPLITTERS, a file or a function."""
        known = split is None or split in SPLITTERS or split.endswith(".json") or FUNCTION.fullmatch(split)
        if not known:
            close = difflib.get_close_matches(str(split).lower(), SPLITTERS, n=1)
            guess = f" Did you mean `{close[0]}`?" if close else ""
            raise ValueError(
                f"should be {', '.join(SPLITTERS)}, a tokenizer.json, or `package.module:function`.{guess}"
            )
        return split

    @model_validator(mode="after")
    def padding_has_a_length(self) -> "TokenSettings":
        for key, said in (("pad", self.pad == "left"), ("pad_id", self.pad_id is not None)):
            if said and self.pad_to is None:
                raise ValueError(f"`tokens.{key}` has no use without `tokens.pad_to`, the length")
        return self
