"""Texts as a tokenizer file reads them, or a vocabulary of BERT."""

from dataclasses import replace
from typing import Any

import numpy as np

from hsvis.config import TokenSettings
from hsvis.corpus.splitters import surface_of
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.splitting.tokenizer_files import TokenizerFile, library
from hsvis.models.user.reading.encoder import Encoder
from hsvis.models.user.reading.padding import OwnPadding
from hsvis.models.user.reading.vocabularies import Vocabulary, padding_entry
from hsvis.remarks import Remark, listed


def of_word_pieces(vocabulary: Vocabulary, tokens: TokenSettings) -> Encoder:
    """As BERT reads."""
    made = library("model.tokenizer")
    if tokens.offset:
        raise ModelError("`tokens.offset` has no use beside WordPiece: its ids are those of the file.")
    name, ids = vocabulary.path.name, dict(vocabulary.ids)
    small = not any(one[:1].isupper() for one in vocabulary.entries)
    unknown = next((one for one, k in ids.items() if k == vocabulary.unknown), "[UNK]")
    tokenizer = made.Tokenizer(made.models.WordPiece(ids, unk_token=unknown))
    tokenizer.normalizer = made.normalizers.BertNormalizer(lowercase=small)
    tokenizer.pre_tokenizer = made.pre_tokenizers.BertPreTokenizer()
    if "[CLS]" in ids and "[SEP]" in ids:
        around = ("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"])
        tokenizer.post_processor = made.processors.BertProcessing(*around)
        tokenizer.add_special_tokens([one for one in ids if len(one) > 2 and one[0] + one[-1] == "[]"])
    case = (
        "in small letters, as no entry has a capital"
        if small
        else "with capital letters, as entries have them"
    )
    said = Remark(
        "vocabulary",
        f"{name} is a vocabulary of WordPiece: texts are cut as BERT does, {case}. Where the model "
        f"was trained "
        "otherwise, name a tokenizer.json or a function in `model.tokenizer`.",
    )
    file = TokenizerFile.of(tokenizer, f"the sub-words of {name}", "model.tokenizer")
    found = of_tokenizers(file, tokens)
    return replace(found, remarks=(said, *found.remarks))


def of_tokenizers(file: TokenizerFile, tokens: TokenSettings) -> Encoder:
    pads, entries = _padding_of_file(file.padding_said), file.entries
    unknown = None if file.unknown is None else entries[file.unknown]
    padding = pads.id if pads is not None else entries.get(padding_entry(entries) or "")

    def encode(text: str) -> Encoded:
        ids, pieces, spans = file.read(text, tokens.longest, tokens.keep, True)
        surfaces = [surface_of(text, span, piece, file) for span, piece in zip(spans, pieces, strict=True)]
        start, end = (spans[0][0], spans[-1][1]) if spans else (0, 0)
        inputs = np.array(ids, np.int64)
        known = np.ones(len(ids), bool) if unknown is None else inputs != unknown
        return Encoded(surfaces, inputs, known, start, end)

    size = 1 + max(entries.values(), default=-1)
    kind = f"sub-words of a tokenizer file, {size:,} entries"
    first, last = file.special_tokens() if file.n_special else ([], [])
    after = entries.get(last[-1]) if last else None
    return Encoder(
        encode, kind, size, unknown, padding, pads=pads, remarks=_special(file), entries=entries,
        before=len(first), after=after,
    )  # fmt: skip


def _special(file: TokenizerFile) -> tuple[Remark, ...]:
    """That a text is read with the tokens which a file puts around it."""
    if not file.n_special:
        return ()
    first, last = file.special_tokens()
    around = [f"{listed(names)} {place}" for names, place in ((first, "before"), (last, "after")) if names]
    text = (
        f"The tokenizer file puts {' and '.join(around)} each text: they are steps like others, and count in "
        "`tokens.max_length`. Where the model was trained without them, set `post_processor` in the "
        "file to null."
    )
    return (Remark("special-tokens", text),)


def _padding_of_file(said: dict[str, Any] | None) -> OwnPadding | None:
    """The padding that a tokenizer file asks for."""
    if said is None:
        return None
    return OwnPadding(said["direction"].lower(), said["pad_id"], None, said["length"])
