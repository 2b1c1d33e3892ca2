"""A user's own model, as the config names it: factory, checkpoint, tokenizer -> TorchModel."""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from hsvis.config import DatasetSettings, TokenSettings, UserModelSettings
from hsvis.corpus.series import Series
from hsvis.errors import ModelError
from hsvis.models.devices import place as move
from hsvis.models.user.adapter import TorchModel, from_torch
from hsvis.models.user.answering.next_tokens import (
    LanguageModel,
    check_words,
    entries_of,
    output_counts,
    reading_on,
    told,
)
from hsvis.models.user.answering.outputs import say
from hsvis.models.user.factories import make_module
from hsvis.models.user.mixing import is_quantised
from hsvis.models.user.reading.choice import encoder_of
from hsvis.models.user.reading.effect import Effect, effect_of, padding_remarks
from hsvis.models.user.reading.encoders import Encoder
from hsvis.models.user.reading.lookup import looked_up, tables_of
from hsvis.models.user.reading.padding import Padding, PadValue, pad_value
from hsvis.models.user.references import resolve_reference
from hsvis.models.user.sides import Sides
from hsvis.models.user.weights import load_weights
from hsvis.remarks import Remark

OTHER = "It is the vocabulary of another model"
TRIED = 20  # texts that the model is tried with
BLANK = re.compile(r"[<\[({]?(ctc[-_ ]?)?(blank|blk)[>\])}]?|<eps(ilon)?>|ε|∅", re.I)  # of CTC, by name
RESERVED = 10  # ids that a model may have beside those of its vocabulary file, at the most


@dataclass(frozen=True)
class UserModel:
    """A user's own model, and what was found while it was made.

    Attributes:
        reads: what reads its texts.
        tables: path -> rows of the embeddings that look the ids up.
        weights: where they come from, a clause for people.
        left_training: whether the factory left it in training mode, and that would make a difference.
        remarks: what was decided, and what may be wrong, with the remedy.
    """

    model: TorchModel
    reads: Encoder
    tables: dict[str, int]
    weights: str
    left_training: bool
    remarks: tuple[Remark, ...]


def make_user_model(
    settings: UserModelSettings,
    tokens: TokenSettings,
    classes: Sequence[str],
    examples: Sequence[Any],
    module: nn.Module | None = None,
    labels: np.ndarray | None = None,
    *,
    top: int | None = None,
    dataset: DatasetSettings | None = None,
) -> UserModel:
    """The model that a config describes.

    Args:
        examples: texts or series of the dataset, by which the model is tried.
        module: what the factory made, where it was called already.
        labels: (S,) of the examples, -1 unknown; all if None.
        top: of a language model, how many next tokens are kept of each step; None of any other.
        dataset: whose columns pairs of texts are.

    Raises:
        ModelError: what does not fit, and what to do.
    """
    module = module or make_module(settings)
    left_training = module.training and any(_acts_in_training(part) for part in module.modules())
    if settings.checkpoint is None:
        loaded = "as the factory made them: no `model.checkpoint` is named"
    else:
        loaded = load_weights(module, Path(settings.checkpoint))
    module = module if settings.device is None else move(module, settings.device)
    reads = partial(encoder_of, module, settings, examples=examples, dataset=dataset)
    encode = reads(tokens=tokens) if top is None else reading_on(lambda given: reads(tokens=given), tokens)
    texts = list(islice((one for one in examples if len(one)), TRIED))
    value = pad_value(
        tokens.pad_id, encode.pads, encode.padding, module, is_series=isinstance(examples[0], Series)
    )
    said = Padding(tokens.pad_to, tokens.pad, value.value) if tokens.pad_to is not None else None
    fit = _fit_model if top is None else partial(_fit_language, top=top)
    model, tables, remarks = fit(module, settings, classes, encode, texts, said)
    known = np.full(len(examples), -1) if labels is None else labels
    # what each step of a language model reads comes before it, wherever padding stands
    is_tried = top is None and not model.call.of_sides
    effect = _effect(model, encode, value, examples, known) if is_tried else None
    if said is None and effect is not None and effect.unpadded and effect.is_none(effect.unpadded):
        assert encode.pads is not None
        encode = replace(encode, pads=replace(encode.pads, to=None))  # what changes nothing takes time alone
        model, tables, remarks = fit(module, settings, classes, encode, texts)
        effect = _effect(model, encode, value, examples, known)
    told = padding_remarks(model, encode, tokens, value, effect)
    return UserModel(model, encode, tables, loaded, left_training, (*remarks, *told))


def _effect(
    model: TorchModel, encode: Encoder, value: PadValue, examples: Sequence[Any], labels: np.ndarray
) -> Effect | None:
    """What padding changes; None where other ways to read than the model's own do not work."""
    padding = model.call.padding
    with suppress(ModelError):
        length = None if padding is None else padding.to
        return effect_of(model, encode, value.value, examples, labels, length)
    return None


def _acts_in_training(part: nn.Module) -> bool:
    """Whether a module does something else in training than in use."""
    dropped = getattr(part, "p", 0) if isinstance(part, nn.modules.dropout._DropoutNd) else 0
    between = getattr(part, "dropout", 0) if isinstance(part, nn.RNNBase) else 0
    return bool(dropped or between) or isinstance(part, nn.modules.batchnorm._BatchNorm)


def decisions(model: TorchModel) -> list[Remark]:
    """What was found out about a model's call and answer, that nobody said."""
    told = [Remark("call", f"The model is called as `{model.call.text}`."), *model.reader.remarks]
    told += model.shortest.remarks(each_step=model.each_step)
    if model.call.answer.place:
        place = say(model.call.answer.place)
        told.append(Remark("answer", f"The answer is {place} of what the model returns."))
    if model.call.memory is not None:
        text = (
            "The model goes on in each call with what it kept of the one before "
            f"({model.call.memory.tell()}): that is put back before each call to what it was when the "
            "factory returned the model, so that every sequence is read from the same start."
        )
        told.append(Remark("kept-between-calls", text))
    if model.call.answer.steps is not None:
        text = (
            f"The model answers after every step, {model.call.answer.steps}: its own output of a step is the "
            "expected prediction there, and that of the last step its answer to the sequence."
        )
        blank = next((one for one in model.classes if BLANK.fullmatch(one)), None)
        if blank is not None:
            text += f" `{blank}` is a class like the others: what the answers spell is not decoded."
        told.append(Remark("each-step", text + model.way.note))
    if model.alone:
        why = "The model changes the order of larger batches"
        if is_quantised(model.module):
            why = "A quantised model rounds by the range of all sequences in a batch"
        text = f"{why}: it is asked one sequence at a time."
        told.append(Remark("call", text))
    if model.answers.hard and model.answers.of != "number":
        text = (
            "the model returns 0 and 1 alone, taken for probabilities: it seems to choose the class itself, "
            "so "
            "that expected predictions say nothing of how sure it is. Let `forward` return the logits."
        )
        told.append(Remark("hard-answers", text))
    if model.answers.decision:
        told.append(Remark("answer", model.answers.decision))
    return told


def _fit_language(
    module: nn.Module,
    settings: UserModelSettings,
    classes: Sequence[str],
    encode: Encoder,
    texts: Sequence[str],
    padding: Padding | None = None,
    *,
    top: int,
) -> tuple[TorchModel, dict[str, int], tuple[Remark, ...]]:
    """As `_fit_model`, of a language model, whose classes are the entries of its vocabulary."""
    words, size = check_words(encode.entries, encode.kind), encode.size or 0
    problems: list[ModelError] = []
    for count in output_counts(module, size):
        entries = entries_of(words, count)
        try:
            model, tables, remarks = _fit_model(
                module, settings, entries, encode, texts, padding, made=LanguageModel
            )
        except ModelError as error:
            problems.append(error)
            continue
        assert isinstance(model, LanguageModel)
        model.top = min(top, count)
        said = told(model, encode.unknown, size, said=settings.answers is not None)
        return model, tables, (*remarks, *said)
    raise problems[0]


def _fit_model(
    module: nn.Module,
    settings: UserModelSettings,
    classes: Sequence[str],
    encode: Encoder,
    texts: Sequence[str],
    padding: Padding | None = None,
    made: type[TorchModel] | None = None,
) -> tuple[TorchModel, dict[str, int], tuple[Remark, ...]]:
    """The module as hsvis reads it, its `tables`, and remarks, if the embedding has a row for every id."""
    reader = settings.tokenizer or "the model's own `encode`"
    source = f"`model.tokenizer`: {reader}"
    named = {
        name: resolve_reference(one, name)
        for name in ("forward", "states")
        if (one := getattr(settings, name))
    }
    with looked_up(module) as seen:
        try:
            model = from_torch(
                module,
                classes=classes,
                encode=encode,
                probe=texts,
                recurrent=settings.recurrent,
                head=settings.head,
                padding=padding,
                answers=settings.answers if made is None else ["next token"],
                made=made,
                **named,
            )
        except ModelError as error:
            if seen.beyond is None:
                raise
            if padding is not None and padding.value in seen.wrong:
                raise ModelError(f"`tokens.pad_id`: padding {seen.beyond}.") from error
            raise ModelError(f"{source} {seen.beyond}. {OTHER}.") from error
        longest = max((one for one in map(encode, texts) if not model.unread(one)), key=len)
        model.answer([longest])
        given = torch.tensor(longest.inputs)[None]
        tables = tables_of(
            module, seen, Sides.of(given).second if model.call.of_sides else model.call.read(given)
        )
    remarks = [*encode.remarks, *decisions(model)]
    for path, rows in tables.items():
        size = rows if encode.size is None else encode.size
        if size > rows:
            raise ModelError(
                f"{source} gives ids up to {size - 1}, but `{path}` has only {rows:,} entries, 0 to "
                f"{rows - 1}. {OTHER}."
            )
        if size < rows:
            text = (
                f"{source} gives ids below {size:,}, but `{path}` has {rows:,} entries: {rows - size:,} are "
                f"never read. {OTHER}, unless the rest is spare."
            )
            if rows - size <= RESERVED and encode.can_shift:
                text += f" If its ids come after reserved ones, set `tokens.offset: {rows - size}`."
            remarks.append(Remark("spare-entries", text))
    return model, tables, tuple(remarks)
