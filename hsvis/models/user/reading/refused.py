"""Files that are no vocabularies hsvis can read as they are, and the two lines that help."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from hsvis.models.user.pickles import STRINGS, read_ops

MANY = 0.05  # share of entries with a mark of sub-words from which they are such
PICKLES = (".pkl", ".pickle", ".p", ".joblib", ".dill")
ATTRIBUTES = (  # where objects keep entry -> id, the best first
    "stoi", "word2idx", "word2index", "word_to_idx", "word2id", "token2id", "token_to_idx", "token2idx",
    "word_index", "vocabulary_", "vocab",
)  # fmt: skip


def of_binary(path: Path, start: bytes) -> str:
    """What is the matter with a file that is no text, and what to do; "" for others."""
    if start[:1] == b"\x80" or start[:2] == b"PK" or path.suffix in PICKLES:
        return _pickled(path, start)
    if path.suffix in (".model", ".spm") and b"\n" in start[:1]:
        return f"is a SentencePiece model. {_sentence_piece(path)}"
    if b"\0" in start:
        return "is no text. Save the vocabulary as a .json of entry -> id."
    return ""


def _pickled(path: Path, start: bytes) -> str:
    """A pickle, with the two lines that make JSON of it."""
    is_torch, data = start[:2] == b"PK", b""
    try:
        if is_torch:
            with zipfile.ZipFile(path) as archive:
                name = next(one for one in archive.namelist() if one.endswith("/data.pkl"))
                with archive.open(name) as file:
                    data = file.read(1 << 26)
        else:
            with path.open("rb") as opened:
                data = opened.read(1 << 26)
    except (OSError, StopIteration, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return "can't be read. Save the vocabulary as a .json of entry -> id."
    read = (
        f"import json, torch; saved = torch.load({str(path)!r}, weights_only=False)"
        if is_torch
        else f"import json, pickle; saved = pickle.load(open({str(path)!r}, 'rb'))"
    )
    target = path.with_name(f"{path.stem}.json")
    return (
        "is a pickle, which is not read, as that would run code in it. If you trust it, run these "
        "two lines in "
        f"Python where its classes can be imported, and name the new file:\n    {read}\n"
        f"    json.dump({_vocabulary_in(data)}, open({str(target)!r}, 'w'), default=int)"
    )


def _vocabulary_in(data: bytes) -> str:
    """The expression that is the vocabulary of what a pickle holds."""
    ops = list(read_ops(io.BytesIO(data)))
    name, value = ops[0] if ops else ("", None)
    if name in ("EMPTY_DICT", "DICT", "EMPTY_LIST", "LIST"):
        return "saved"
    texts = [str(one) for op, one in ops[:4] if op in STRINGS] + [str(value)]
    if any("torchtext" in one for one in texts) and not any(one == "stoi" for _, one in ops):
        return "saved.get_itos()"
    if any(one == "OrderedDict" or one.endswith(("OrderedDict", "defaultdict", "Counter")) for one in texts):
        return "saved"
    if any("keras" in one for one in texts):
        return "saved.to_json()"
    there = {str(one) for op, one in ops if op in STRINGS}
    found = next((one for one in ATTRIBUTES if one in there), None)
    return f"saved.{found}" if found else "saved"


def of_pieces(path: Path, entries: Sequence[str]) -> str:
    """What is the matter with sub-words without the rules that make them; "" for others."""
    if sum("Ġ" in one for one in entries) > MANY * len(entries):
        target = str(path.with_name("tokenizer.json"))
        return (
            "holds byte-level sub-words, whose merges are in another file. These two lines make a "
            "tokenizer.json "
            "of both (`pip install tokenizers`); name it:\n    from tokenizers import ByteLevelBPETokenizer\n"
            f"    ByteLevelBPETokenizer({str(path)!r}, "
            f"{str(path.with_name('merges.txt'))!r}).save({target!r})"
        )
    if sum(one.startswith("▁") for one in entries) > MANY * len(entries):
        return f"holds pieces of SentencePiece, without the model that makes them. {_sentence_piece(path)}"
    return ""


def _sentence_piece(path: Path) -> str:
    model = str(path.with_suffix(".model"))
    return (
        "Save these two lines as reading.py, and set `model.tokenizer: reading:encode`:\n    import "
        "sentencepiece; "
        f"model = sentencepiece.SentencePieceProcessor(model_file={model!r})\n"
        "    def encode(text): ids = model.encode(text); return model.id_to_piece(ids), ids"
    )


def is_word_piece(entries: Sequence[str]) -> bool:
    """Whether entries are those of BERT's WordPiece."""
    return sum(one.startswith("##") and len(one) > 2 for one in entries) > MANY * len(entries)
