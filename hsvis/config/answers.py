"""What `model.answers` may say, and which labels belong to it."""

import re
from typing import Any, Literal

AnswerKind = Literal["classes", "independent", "number", "next token"]
NEXT: Literal["next token"] = "next token"


def word(given: Any) -> Any:
    """A word of `model.answers` as it is known: `next-token` is `next token`."""
    return re.sub(r"[\s_-]+", " ", given.strip().lower()) if isinstance(given, str) else given


def without_label(content: dict[str, Any]) -> dict[str, Any]:
    """The content of a config, with `dataset.label: null` where nothing is said of a label and there is none.

    That is so of a model that answers with the next token, and of `dataset.path: sentences`.
    """
    model, dataset = content.get("model"), content.get("dataset")
    if content.get("states_from") is not None or not isinstance(dataset, dict) or "label" in dataset:
        return content
    given = model.get("answers") if isinstance(model, dict) else None
    said = list(map(word, given if isinstance(given, list) else [given]))
    is_without = NEXT in said or dataset.get("path") == "sentences"
    return content | {"dataset": dataset | {"label": None}} if is_without else content


def check_label(answers: str | list[Any] | None, label: str | None) -> None:
    """Raises ValueError where a model answers with the next token and there is a label, or the other way."""
    said = [answers] if isinstance(answers, str) else answers or []
    if NEXT in said and label is not None:
        raise ValueError(
            "`model.answers: next token` has the next token for a label: leave `dataset.label` out, or "
            "set it to null"
        )
    if label is None and said and NEXT not in said:
        raise ValueError(
            "`dataset.label: null` is for a language model (`model.answers: next token`): name the "
            "column of the class, or leave `model.answers` out"
        )
