"""Tables of one sequence each, which are not read: the lines of Python that join them."""

from collections.abc import Sequence
from pathlib import Path

SEEN = 20  # files that are looked at
LONGEST = 4096  # characters of a header
ITEMS = ("Time", "Parameter", "Value")  # PhysioNet 2012: a value a line, with its name


def how_to_join(paths: Sequence[Path]) -> str:
    """What to do with files that are a table each under one header; "" where they are not."""
    headers = {_header(path) for path in paths[:SEEN]}
    if len(paths) < 2 or len(headers) != 1:
        return ""
    header = headers.pop()
    columns = [one.strip() for one in header.split(",")]
    if len(columns) < 2 or not all(one and not one[0].isdigit() for one in columns):
        return ""
    by_class = len({path.parent for path in paths}) > 1
    folder = paths[0].parent.parent / "*" if by_class else paths[0].parent
    pattern = str(folder / f"*{paths[0].suffix}")
    named = (
        "pathlib.Path(f).as_posix(), label=pathlib.Path(f).parent.name"
        if by_class
        else "pathlib.Path(f).stem"
    )
    code = (
        f"import glob, pathlib, pandas as pd; d = pd.concat(pd.read_csv(f).assign(sequence={named}) "
        f"for f in sorted(glob.glob({pattern!r}))); "
    )
    step, values, missing = columns[0], ", ".join(columns[1:3]), ""
    if tuple(columns) == ITEMS:
        code += "d = d.pivot_table(index=['sequence', 'Time'], columns='Parameter', values='Value'); "
        code += "d = d.reset_index(); "
        values, missing = "HR, Temp", ", missing: forward"
    what, label = "by this line of Python", "label"
    if not by_class:
        what, label = f"with the file of labels, LABELS.csv, {what}", "COLUMN"
        code += "o = pd.read_csv('LABELS.csv', dtype=str); "
        code += "d = d.merge(o.rename(columns={o.columns[0]: 'sequence'}), how='left'); "
    return (
        f"{len(paths):,} files such as {paths[0].name} are tables with the header `{header}`, of one "
        f"sequence each; such are not read as they are. Join them {what}:\n"
        f"    {code}d.to_csv('series.csv', index=False)\n"
        "Then set `dataset: {path: csv, data_files: {train: series.csv}, split: 0.2, sequence: sequence, "
        f"step: {step}, values: [{values}]{missing}, label: {label}}}`, with the columns that are there."
    )


def _header(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline(LONGEST).strip("\r\n\ufeff ")
    except OSError:
        return ""
