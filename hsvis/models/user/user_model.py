"""A user's own model, as the config names it: factory, checkpoint, tokenizer -> TorchModel."""

import inspect
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
from hsvis.corpus.pairs.pair import are_pairs
from hsvis.corpus.series import Series
from hsvis.errors import ModelError
from hsvis.models.builtin.text_model import read_series
from hsvis.models.devices import place as move
from hsvis.models.foreign import foreign_module
from hsvis.models.user.adapter import TorchModel, from_torch
from hsvis.models.user.answering.outputs import say
from hsvis.models.user.calling import said
from hsvis.models.user.mixing import is_quantised
from hsvis.models.user.reading.effect import Effect, effect_of, padding_remarks
from hsvis.models.user.reading.encoders import Encoder, encoder, of_function
from hsvis.models.user.reading.lookup import looked_up, tables_of
from hsvis.models.user.reading.padding import Padding, PadValue, pad_value
from hsvis.models.user.reading.pairs import is_of_sides, read_pairs
from hsvis.models.user.references import resolve_reference
from hsvis.models.user.sides import Sides
from hsvis.models.user.weights import load_weights
from hsvis.remarks import Remark

NO_GPU = "Let the factory make the model on the CPU, and set `model.device` where there is a GPU."
OTHER = "It is the vocabulary of another model"
TRIED = 20  # texts that the model is tried with
CUT = 200  # texts by which is decided how texts are cut
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
    dataset: DatasetSettings | None = None,
) -> UserModel:
    """The model that a config describes.

    Args:
        examples: texts or series of the dataset, by which the model is tried.
        module: what the factory made, where it was called already.
        labels: (S,) of the examples, -1 unknown; all if None.
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
    encode = encoder_of(module, settings, tokens, examples, dataset)
    texts = list(islice((one for one in examples if len(one)), TRIED))
    value = pad_value(
        tokens.pad_id, encode.pads, encode.padding, module, is_series=isinstance(examples[0], Series)
    )
    said = Padding(tokens.pad_to, tokens.pad, value.value) if tokens.pad_to is not None else None
    model, tables, remarks = _fit_model(module, settings, classes, encode, texts, said)
    known = np.full(len(examples), -1) if labels is None else labels
    effect = None if model.call.of_sides else _effect(model, encode, value, examples, known)
    if said is None and effect is not None and effect.unpadded and effect.is_none(effect.unpadded):
        assert encode.pads is not None
        encode = replace(encode, pads=replace(encode.pads, to=None))  # what changes nothing takes time alone
        model, tables, remarks = _fit_model(module, settings, classes, encode, texts)
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


def encoder_of(
    module: nn.Module,
    settings: UserModelSettings,
    tokens: TokenSettings,
    examples: Sequence[Any],
    dataset: DatasetSettings | None = None,
) -> Encoder:
    """What reads the dataset for a module: what the config names, else the module's own `encode`.

    Args:
        examples: texts or series of the dataset.

    Raises:
        ModelError: there is none, or it reads texts where there are numbers.
    """
    if are_pairs(examples) and dataset is not None:
        texts = [side for pair in examples[:CUT] for side in (pair.first, pair.second)]
        forward = None if settings.forward is None else resolve_reference(settings.forward, "forward")
        return read_pairs(
            encoder_of(module, settings, tokens, texts), tokens, dataset.text_columns,
            of_sides=is_of_sides(module, forward), fixed=dataset.fixed,
        )  # fmt: skip
    is_series = isinstance(examples[0], Series)
    if is_series and settings.tokenizer is not None and ":" not in settings.tokenizer:
        raise ModelError(
            f"`model.tokenizer`: {settings.tokenizer} reads texts, but the dataset is of numbers. Leave it "
            "out, or name a function `package.module:name` that takes a Series."
        )
    rows = np.unique(np.linspace(0, len(examples) - 1, min(len(examples), CUT)).round().astype(int))
    texts = [] if is_series else [examples[row] for row in rows.tolist()]
    if settings.tokenizer is not None:
        return encoder(settings.tokenizer, tokens, texts)
    if callable(own := getattr(module, "encode", None)):
        return of_function("encode of the model", own, tokens, texts)
    if is_series:
        return Encoder(partial(read_series, tokens=tokens), "the numbers as they are")
    raise ModelError(
        "`model.tokenizer` is missing: name a vocabulary (.txt, .json), a tokenizer.json, or a function "
        "`package.module:name`."
    )


def _acts_in_training(part: nn.Module) -> bool:
    """Whether a module does something else in training than in use."""
    dropped = getattr(part, "p", 0) if isinstance(part, nn.modules.dropout._DropoutNd) else 0
    between = getattr(part, "dropout", 0) if isinstance(part, nn.RNNBase) else 0
    return bool(dropped or between) or isinstance(part, nn.modules.batchnorm._BatchNorm)


def make_module(settings: UserModelSettings) -> nn.Module:
    """What the factory returns, without the wrappers of torch.compile and DataParallel."""
    factory = resolve_reference(settings.factory, "factory")
    try:
        module = factory(**settings.kwargs)
    except (Exception, SystemExit) as error:  # whatever a user's factory raises
        raise ModelError(
            f"`model.factory`: {settings.factory} raised {said(error)} "
            + (NO_GPU if re.search("cuda|nvidia", str(error), re.I) else _takes(factory, settings))
        ) from error
    other = foreign_module(module)  # Keras on torch makes modules of torch, too
    if other is not None or not isinstance(module, nn.Module):
        raise ModelError(
            f"`model.factory`: {settings.factory} returned {type(module).__name__}, "
            + (other or "not an nn.Module. Name a function that returns the model.")
        )
    while isinstance(inner := getattr(module, "_orig_mod", None), nn.Module):
        module = inner
    return module.module if isinstance(module, nn.DataParallel) else module


def _takes(factory: Any, settings: UserModelSettings) -> str:
    """The remedy for a factory that raised."""
    try:
        takes = str(inspect.signature(factory)).partition(" ->")[0]
    except (TypeError, ValueError):
        return f"Check `model.kwargs`: {settings.kwargs}."
    return f"Check `model.kwargs`: it was given {settings.kwargs} and takes {takes}."


def decisions(model: TorchModel) -> list[Remark]:
    """What was found out about a model's call and answer, that nobody said."""
    told = [Remark("call", f"The model is called as `{model.call.text}`."), *model.reader.remarks]
    told += model.shortest.remarks(each_step=model.each_step)
    if model.call.answer.place:
        place = say(model.call.answer.place)
        told.append(Remark("answer", f"The answer is {place} of what the model returns."))
    if model.call.answer.steps is not None:
        text = (
            f"The model answers after every step, {model.call.answer.steps}: its own output of a step is the "
            "expected prediction there, and that of the last step its answer to the sequence."
        )
        told.append(Remark("each-step", text + model.way.note))
    if model.alone:
        why = "The model changes the order of larger batches"
        if is_quantised(model.module):
            why = "A quantised model rounds by the range of all sequences in a batch"
        text = f"{why}: it is asked one sequence at a time."
        told.append(Remark("call", text))
    if model.answers.hard:
        text = (
            "the model returns 0 and 1 alone, taken for probabilities: it seems to choose the class itself, "
            "so "
            "that expected predictions say nothing of how sure it is. Let `forward` return the logits."
        )
        told.append(Remark("hard-answers", text))
    if model.answers.decision:
        told.append(Remark("answer", model.answers.decision))
    return told


def _fit_model(
    module: nn.Module,
    settings: UserModelSettings,
    classes: Sequence[str],
    encode: Encoder,
    texts: Sequence[str],
    padding: Padding | None = None,
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
                answers=settings.answers,
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
