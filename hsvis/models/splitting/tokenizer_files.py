"""A `tokenizer.json` of the `tokenizers` library: sub-words, and where they stand in their text."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hsvis.corpus.splitters import Span
from hsvis.errors import ModelError
from hsvis.models.fingerprints import file_hash
from hsvis.models.splitting.alignment import readable
from hsvis.models.splitting.functions import apart

LARGEST = 1 << 28  # bytes of a tokenizer file
TRIAL = Path(__file__).with_name("trial.py")
SECONDS = 60  # that a trial may take
MEMORY = 4 << 30  # bytes that a trial may take
PACKAGE = "a tokenizer.json needs a package: run `pip install tokenizers`."


class TokenizerFile:
    """An `OwnSplitter`, which gives the ids of the file as well."""

    keeps_case = True

    def __init__(self, path: Path, setting: str) -> None:
        """Reads a file.

        Args:
            setting: the one that names it, for messages.

        Raises:
            ModelError: it can't be read, or the library is not there.
        """
        text = _read(path, setting)
        self._open(_load(text, path, setting), setting)
        self._setting = setting
        self.name, self.key = f"the sub-words of {path.name}", file_hash(path)
        self._text = text

    @classmethod
    def of(cls, tokenizer: Any, name: str, setting: str) -> "TokenizerFile":
        """Of a tokenizer that was made here."""
        made = cls.__new__(cls)
        made._open(tokenizer, setting)
        made._setting, made.name, made.key, made._text = setting, name, "", tokenizer.to_str()
        return made

    def _open(self, tokenizer: Any, setting: str) -> None:
        self.padding_said: dict[str, Any] | None = tokenizer.padding
        tokenizer.no_padding()
        tokenizer.no_truncation()
        content = json.loads(tokenizer.to_str())
        self.entries: dict[str, int] = tokenizer.get_vocab()
        own = content["model"].get("unk_token")
        if own is None and isinstance(at := content["model"].get("unk_id"), int):
            own = tokenizer.id_to_token(at)
        names = (*([own] if own else []), "[UNK]", "<unk>")
        self.unknown: str | None = next((one for one in names if one in self.entries), None)
        self.n_special: int = tokenizer.num_special_tokens_to_add(False)
        self._is_bytes = '"ByteLevel"' in json.dumps(
            [content.get("pre_tokenizer"), content.get("decoder"), content.get("normalizer")]
        )
        self._tokenizer = tokenizer

    def cut(self, text: str) -> tuple[list[str], list[Span]]:
        """As of `OwnSplitter`, without special tokens."""
        read = self._encode(text)
        return read.tokens, _spans(text, read.offsets)

    def read(
        self, text: str, most: int | None, keep: str, special: bool
    ) -> tuple[list[int], list[str], list[Span]]:
        """Ids, tokens and places of a text, at most `most` of them.

        Args:
            special: with the special tokens that the file puts around a text, which count as well.
        """
        read, around = self._encode(text), self.n_special if special else 0
        if most is not None and len(read.ids) + around > most:
            if most <= around:
                raise ModelError(
                    f"`tokens.max_length: {most}` leaves no room for a text beside {around} special tokens."
                )
            read.truncate(most - around, direction="left" if keep == "last" else "right")
        content = read.offsets  # special tokens have (0, 0)
        if around:
            read = self._tokenizer.post_process(read, None, True)
        offsets, is_special = list(read.offsets), read.special_tokens_mask
        inside = False
        for k, mark in enumerate(is_special if around else ()):
            inside = inside or not mark
            if mark:  # before the first token, or after the last
                at = (content[-1][1] if inside else content[0][0]) if content else 0
                offsets[k] = (at, at)
        return read.ids, read.tokens, _spans(text, offsets)

    def special_tokens(self) -> tuple[list[str], list[str]]:
        """The special tokens that the file puts before a text, and after it."""
        read = self._tokenizer.encode("", add_special_tokens=True).tokens
        one = next(iter(self.entries), "")
        around = self._tokenizer.encode(one, add_special_tokens=True)
        marks = around.special_tokens_mask
        first = marks.index(0) if 0 in marks else len(read)
        return read[:first], read[first:]

    def shown(self, form: str) -> str:
        """As of `OwnSplitter`; bytes of a character that is cut in two as `<0xF0>`."""
        if not self._is_bytes or not all(c in _BYTES for c in form):
            return readable(form)
        data = bytes(_BYTES[c] for c in form)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return "".join(f"<0x{one:02X}>" for one in data)
        return text.strip() or "␣" * len(text) or form

    def try_on(self, texts: Sequence[str]) -> None:
        """Reads texts in a process of its own, which may run out of memory or time.  Raises ModelError."""
        asked = json.dumps([self._text, list(texts), MEMORY]).encode()
        wrong = ""
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(TRIAL)],
                input=asked,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
            if done.returncode:
                lines = done.stderr.decode(errors="replace").strip().splitlines()
                wrong = f"fails ({lines[-1][:200] if lines else f'exit code {done.returncode}'})"
            begun = done.stdout
        except subprocess.TimeoutExpired as late:
            wrong, begun = f"takes more than {SECONDS:g} s", late.stdout or b""
        if wrong:
            last = texts[max(0, len(begun) - 1)] if texts else ""
            shown = repr(last) if len(repr(last)) <= 60 else repr(last)[:57] + "…"
            raise ModelError(
                f"`{self._setting}`: {self.name}: reading {shown} {wrong}. Look at the patterns of its "
                "normalizer and pre-tokenizer, or save it again by `tokenizer.save(path)`."
            )

    def _encode(self, text: str) -> Any:
        try:
            return self._tokenizer.encode(text, add_special_tokens=False)
        except BaseException as error:  # the library's own panics are no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise ModelError(
                f"`{self._setting}`: {self.name}: can't read {text[:40]!r} ({error}). Save it again by "
                "`tokenizer.save(path)`."
            ) from error


def _read(path: Path, setting: str) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise ModelError(f"`{setting}`: {path}: has more than 256 MiB: this is no tokenizer file.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"`{setting}`: {path}: can't be read ({error}). Name a tokenizer.json.") from error


def library(setting: str) -> Any:
    """The package `tokenizers`.  Raises ModelError: it is not there."""
    try:
        import tokenizers  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise ModelError(f"`{setting}`: {PACKAGE}") from error
    return tokenizers


def _load(text: str, path: Path, setting: str) -> Any:
    try:
        return library(setting).Tokenizer.from_str(text)
    except ModelError:
        raise
    except BaseException as error:  # the library raises nothing narrower, and panics
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise ModelError(
            f"`{setting}`: {path}: can't be read as a file of `tokenizers` ({str(error)[:300]}). "
            f"Save it again "
            "by `tokenizer.save(path)`."
        ) from error


def _spans(text: str, offsets: Sequence[Span]) -> list[Span]:
    """Where tokens stand, without the spaces that they begin or end with; in order and apart."""
    tight = []
    for begin, end in offsets:
        piece = text[begin:end]
        lead = len(piece) - len(piece.lstrip())
        tight.append((begin, end) if lead == len(piece) else (begin + lead, begin + len(piece.rstrip())))
    pairs = []
    reached = 0
    for begin, end in tight:
        reached = max(reached, begin)
        pairs.append((reached, max(reached, end)))
    spaces = re.compile(r"\s*")
    return [
        (begin, begin) if spaces.fullmatch(text, begin, end) else (begin, end) for begin, end in apart(pairs)
    ]


def _byte_letters() -> dict[str, int]:
    """The letter that stands for each byte in byte-level tokens (GPT-2's `bytes_to_unicode`)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [one for one in range(256) if one not in plain]
    return {chr(one): one for one in plain} | {chr(256 + k): one for k, one in enumerate(others)}


_BYTES = _byte_letters()
