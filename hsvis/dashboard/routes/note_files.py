"""The notes of a run as files to download: CSV by the rules of all exports, and Markdown."""

import re
from collections.abc import Callable, Sequence
from itertools import groupby, zip_longest
from urllib.parse import urlencode

import flask

from hsvis.dashboard.content.export_tables import Table
from hsvis.dashboard.routes.exports import attach, csv_chunks
from hsvis.notes import Note

Link = Callable[[Note], str]
HEADER = ["id", "sequence", "step", "words", "author", "written", "edited", "text", "build", "link"]
NAMELESS = "—"
# signs that can begin markup anywhere, and those that can only at the beginning of a line
SIGNS = re.compile(r"([\\`*_{}\[\]<>()#|~&!$])")
BEGINNINGS = re.compile(r"^(\s*)(?:([-+=:])|(\d+)([.)]))")


def address(page: str, note: Note) -> str:
    """The page at the sequence and step of a note.  `page`: the address of the dashboard, with a slash."""
    place = {"run": note.run, "sequence": note.sequence} | ({} if note.step is None else {"step": note.step})
    return f"{page}?{urlencode(place)}"


def table(notes: Sequence[Note], link: Link) -> Table:
    """A row a note, the newest first; no `step` of a note on a sequence, no `edited` of one that was not."""
    rows = (
        (
            one.id,
            one.sequence,
            "" if one.step is None else one.step,
            _no_formula(one.words),
            _no_formula(one.author),
            one.written,
            one.edited or "",
            _no_formula(one.text),
            one.build,
            link(one),
        )
        for one in notes
    )
    return Table(HEADER, rows)


def _no_formula(text: str) -> str:
    """What people typed for others is no formula to the spreadsheet that opens the file: it gets a quote."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def markdown(notes: Sequence[Note], link: Link) -> str:
    """A heading for each sequence, in their order; beneath it its notes, step by step, the oldest first."""
    lines = ["# Notes" + (f" on {escape_markdown(notes[0].run)}" if notes else ""), ""]
    if not notes:
        lines += ["There are none.", ""]
    in_order = sorted(
        notes, key=lambda one: (one.sequence, -1 if one.step is None else one.step, one.written, one.id)
    )
    for sequence, group in groupby(in_order, key=lambda one: one.sequence):
        lines += [f"## Sequence {sequence}", ""]
        for one in group:
            lines += [*_entry(one, link), ""]
    return "\n".join(lines)


def _entry(note: Note, link: Link) -> list[str]:
    place = f"Sequence {note.sequence}" if note.step is None else f"Step {note.step}"
    words = escape_markdown(" ".join(note.words.split()))
    edited = f", edited {note.edited}" if note.edited else ""
    author = escape_markdown(note.author or NAMELESS)
    head = f"[{place}]({link(note)}) “{words}” · **{author}** · {note.written}{edited}"
    return [head, "", *quoted(note.text)]


def quoted(text: str) -> list[str]:
    """A text as a quotation that shows it line by line, whatever signs it has."""
    lines = [escape_markdown(line) for line in text.splitlines()]
    return [f"> {line}\\" if line and following else f"> {line}" for line, following in _pairs(lines)]


def _pairs(lines: list[str]) -> list[tuple[str, str]]:
    """Each line with the one after it; "" after the last."""
    return list(zip_longest(lines, lines[1:], fillvalue=""))


def escape_markdown(line: str) -> str:
    """A line of Markdown that shows these characters; spaces at its beginning would be a block of code."""
    signs = SIGNS.sub(r"\\\1", line)
    marked = BEGINNINGS.sub(
        lambda found: found[1] + (f"\\{found[2]}" if found[2] else f"{found[3]}\\{found[4]}"), signs
    )
    bare = marked.lstrip()
    return "\N{NO-BREAK SPACE}" * (len(marked) - len(bare)) + bare


def csv_file(notes: Sequence[Note], link: Link) -> flask.Response:
    """To be kept, not shown."""
    content = b"".join(csv_chunks(table(notes, link)))
    return attach(flask.Response(content, content_type="text/csv; charset=utf-8"), _name(notes, "csv"))


def markdown_file(notes: Sequence[Note], link: Link) -> flask.Response:
    """To be kept, not shown."""
    content = markdown(notes, link)
    return attach(flask.Response(content, content_type="text/markdown; charset=utf-8"), _name(notes, "md"))


def _name(notes: Sequence[Note], ending: str) -> str:
    return f"{notes[0].run}-notes.{ending}" if notes else f"notes.{ending}"


KINDS: dict[str, Callable[[Sequence[Note], Link], flask.Response]] = {"csv": csv_file, "md": markdown_file}
