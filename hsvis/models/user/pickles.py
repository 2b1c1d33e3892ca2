"""Why a torch file can't be read without running the code in it, and the two lines that convert it.

The file is looked at opcode by opcode; nothing in it is executed.
"""

import io
import itertools
import pickle
import pickletools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

MAGIC = 0x1950A86A20F9469CFC6C  # how torch files begin that are no zip archives
LARGEST = 1 << 26  # bytes of a pickle in an archive that are looked at
LINE = 1 << 16  # bytes of a line in a pickle
BEFORE = 3  # pickles that stand before the object in such a file: magic number, protocol, machine
SILENT = ("PROTO", "FRAME", "MARK", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE")  # opcodes that make no value
STRINGS = ("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "STRING", "BINSTRING", "SHORT_BINSTRING")
STATE_KEYS = ("state_dict", "model_state_dict", "model", "net", "weights")


def refusal(path: Path, error: Exception) -> str:
    """What is the matter with a file that `torch.load` refused with `error`, and what to do."""
    with path.open("rb") as file:
        start = file.read(2)
    if start == b"PK":
        return _of_archive(path, error)
    if start[:1] != b"\x80":
        return "is not a torch file. Save `model.state_dict()` by `torch.save`, or as safetensors."
    if isinstance(error, EOFError) or "EOF" in str(error) or "Ran out of input" in str(error):
        return "is not whole. Copy or save it again."
    with _Bounded(path) as file:
        return _of_code(path, error, *_legacy_object(path, file))


def _of_archive(path: Path, error: Exception) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            content = next((name for name in names if name.endswith("/data.pkl")), None)
            if any(name.endswith("/constants.pkl") for name in names):
                return _two_lines(
                    "is a TorchScript archive", f"torch.jit.load({str(path)!r})", "saved.state_dict()", path
                )
            data = b""
            if content:
                with archive.open(content) as pickled:
                    data = pickled.read(LARGEST)
    except Exception as damage:  # of a damaged archive zipfile raises many kinds
        return f"is not whole ({str(damage)[:200]}). Copy or save it again."
    if content is None:
        return "is not a torch file. Save `model.state_dict()` by `torch.save`, or as safetensors."
    if not isinstance(error, pickle.UnpicklingError):
        what = next(iter(str(error).splitlines()), type(error).__name__)[:200]
        return f"is damaged ({what}). Copy or save it again."
    return _of_code(path, error, _find_loading_code(path), read_ops(io.BytesIO(data)))


def _find_loading_code(path: Path) -> str:
    return f'torch.load({str(path)!r}, map_location="cpu", weights_only=False)'


def _legacy_object(path: Path, file: IO[bytes]) -> tuple[str, Iterator[tuple[str, Any]]]:
    """The code that reads a file that is no archive, and the opcodes of the object in it."""
    first = list(read_ops(file))
    if not any(value == MAGIC for _, value in first):
        file.seek(0)
        return f'__import__("pickle").load(open({str(path)!r}, "rb"))', iter(first)
    for _ in range(BEFORE - 1):
        list(read_ops(file))
    return _find_loading_code(path), iter(list(read_ops(file)))


def read_ops(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """(name, value) of the opcodes of one pickle that make values; ends where it is damaged."""
    try:
        for op, value, _ in pickletools.genops(file):
            if op.name not in SILENT:
                yield op.name, value
    except ValueError:
        return


class _Bounded(io.BufferedReader):
    """A file that is asked for any number of bytes, and makes room for no more than it has."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self._size = path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        left = self._size - self.tell()
        return super().read(left if size is None or size < 0 else min(size, left))

    def readline(self, size: int | None = LINE, /) -> bytes:
        return super().readline(size)


def _of_code(path: Path, error: Exception, read: str, ops: Iterator[tuple[str, Any]]) -> str:
    wanted = re.search(r"Unsupported global: GLOBAL ([\w.]{1,120})", str(error))
    what = "can't be read without running code in it" + (f" (of {wanted[1]})" if wanted else "")
    return _two_lines(what, read, _state_of(list(ops)), path)


def _state_of(ops: list[tuple[str, Any]]) -> str:
    """The expression that is the state dict of what a pickle holds."""
    kind = _value_at(ops, 0)
    if kind == "object":
        return "saved.state_dict()"
    if kind == "dict":
        for at, (name, value) in enumerate(ops):
            if name in STRINGS and value in STATE_KEYS and (inner := _value_at(ops, at + 1)) != "other":
                return f'saved["{value}"]' + (".state_dict()" if inner == "object" else "")
    return "saved"


def _value_at(ops: list[tuple[str, Any]], at: int) -> str:
    """Whether what begins at an opcode is a "dict", an "object" of some class, or something "other"."""
    following = list(itertools.islice(ops, at, at + 3))
    if not following:
        return "other"
    name, value = following[0]
    if name in ("EMPTY_DICT", "DICT"):
        return "dict"
    if name in STRINGS and value == "module":  # old torch files keep the class of a module with its source
        return "object"
    if name == "GLOBAL":
        return "dict" if value == "collections OrderedDict" else "object"
    if [op for op, _ in following][2:] == ["STACK_GLOBAL"]:  # module, name
        return "dict" if following[1][1] == "OrderedDict" else "object"
    return "other"


def _two_lines(what: str, read: str, state: str, path: Path) -> str:
    target = str(path.with_name(f"{path.stem}-weights.pt"))
    return (
        f"{what}. If you trust it, run these two lines in Python where its classes can be imported, and name "
        f"the new file:\n    import torch; saved = {read}\n    torch.save({state}, {target!r})"
    )
