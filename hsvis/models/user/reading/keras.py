"""How Keras cuts texts: `Tokenizer` (word_index) and the layer `TextVectorization`."""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hsvis.corpus.splitters import Span

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'  # of Tokenizer
STRIPPED = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~' + "'"  # of TextVectorization: taken out, not replaced
assert set(STRIPPED) == set(string.punctuation)


@dataclass(frozen=True)
class KerasSplitter:
    """An `OwnSplitter`.

    Attributes:
        filters: characters that separate words; None = all white space.
        stripped: characters that are taken out of words.
        lower: whether words are made small.
        by_character: whether each character is a token, spaces too.
    """

    filters: str | None
    stripped: str = ""
    lower: bool = True
    by_character: bool = False
    keeps_case = True
    unknown = None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "KerasSplitter":
        """Of the config of a Tokenizer."""
        filters, split = settings.get("filters", FILTERS), settings.get("split", " ")
        between = (filters if isinstance(filters, str) else "") + (split if isinstance(split, str) else " ")
        return cls(between, "", settings.get("lower") is not False, settings.get("char_level") is True)

    @classmethod
    def of_vectorization(cls) -> "KerasSplitter":
        """Of `TextVectorization` as it is by default."""
        return cls(None, STRIPPED)

    @property
    def name(self) -> str:
        case = ", in small letters" if self.lower else ""
        if self.by_character:
            return f"into characters{case}"
        if self.filters is None:
            return f"at white space, without punctuation{case}"
        return f"at spaces and `{''.join(self.filters.split())}`{case}"

    @property
    def key(self) -> str:
        return repr(self)

    def cut(self, text: str) -> tuple[list[str], list[Span]]:
        """As of `OwnSplitter`."""
        if self.by_character:
            spans = [(k, k + 1) for k in range(len(text))]
        elif self.filters is None:
            spans = [one.span() for one in re.finditer(r"\S+", text)]
        else:
            spans = [one.span() for one in re.finditer(f"[^{re.escape(self.filters)}]+", text)]
        without = str.maketrans("", "", self.stripped)
        forms = [text[a:b].translate(without) for a, b in spans]
        forms = [form.lower() for form in forms] if self.lower else forms
        kept = [k for k, form in enumerate(forms) if form]
        return [forms[k] for k in kept], [spans[k] for k in kept]

    def shown(self, form: str) -> str:
        """As of `OwnSplitter`."""
        return form
