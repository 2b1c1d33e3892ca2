"""The colours of kept columns, and the image of a cloud in them."""

import kept_example
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hsvis.catalogue.runs import Runs
from hsvis.figures import cloud
from hsvis.figures.board import board
from hsvis.figures.style.column_colours import (
    MISSING,
    MOST,
    column_codes,
    column_tints,
    legend_groups,
    legend_ticks,
)
from hsvis.figures.style.theme import DARK, LIGHT, Theme
from hsvis.figures.view import DisplayOptions, colour_of
from hsvis.figures.window import Window, bounds
from hsvis.run.columns import Column, column_facts
from hsvis.run.store import StateStore

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda one: one.name)


def column(kind: str, values: list[object], type_: pa.DataType | None = None) -> Column:
    cells = pa.array(values, type_)
    return Column(column_facts("x", kind, cells), cells)


@THEMES
@pytest.mark.parametrize("name", ["hsvis", "okabe-ito", "tableau"])
def test_more_categories_than_can_be_told_apart_are_the_most_frequent_and_others(
    theme: Theme, name: str
) -> None:
    texts = [f"c{k}" for k in range(10_000) for _ in range(3 if k < 40 else 1)]
    one = column("category", [*texts, None])
    groups = legend_groups(one, theme, name)
    own = groups[:-2]
    assert 2 <= len(own) <= MOST
    assert [group.sequences for group in own] == [3] * len(own)
    assert groups[-2].label == f"{10_000 - len(own):,} others"
    assert (groups[-1].label, groups[-1].sequences) == ("missing", 1)
    assert sum(group.sequences for group in groups) == len(one.values)
    tints, codes = column_tints(one, theme, name), column_codes(one)
    assert codes[-1] == MISSING
    shown = {tuple(tints[code]) for code in codes.tolist()}
    assert len(shown) == len(groups) == len({group.colour for group in groups})


@THEMES
def test_numbers_go_from_one_end_of_the_scale_to_the_other(theme: Theme) -> None:
    numbers = [float(k) for k in range(1000)]
    one = column("number", [*numbers, 1e9, None])
    codes = column_codes(one)
    assert np.all(np.diff(codes[:1000].astype(int)) >= 0)
    assert (codes[0], codes[999], codes[1000], codes[1001]) == (0, 255, 255, MISSING)
    assert legend_ticks(one) == ((0.0, "≤ 10"), (1.0, "≥ 990"))
    tints = column_tints(one, theme, "hsvis")
    assert tints.shape == (257, 3)
    assert len(np.unique(tints[:256], axis=0)) > 200


def test_ends_of_dates_are_days() -> None:
    one = column("date", list(pd.date_range("2020-01-01", periods=5).date))
    assert legend_ticks(one) == ((0.0, "2020-01-01"), (1.0, "2020-01-05"))
    alike = column("number", [7, 7, None])
    assert legend_ticks(alike) == ((0.0, "7"),)
    assert column_codes(alike).tolist() == [0, 0, MISSING]
    nothing = column("number", [None], pa.int64())
    assert column_codes(nothing).tolist() == [MISSING]


def test_each_state_has_the_colour_of_its_sequences_cell(kept_store: StateStore) -> None:
    view = Runs([kept_store]).resolve(None)
    rows = kept_example.frame()
    colour = colour_of(kept_store, "column", "source")
    codes, tints = cloud.codes(kept_store, colour), cloud.tints(view, colour)
    groups = {
        group.label: group.colour for group in legend_groups(kept_store.columns[0], view.theme, "hsvis")
    }
    for state in range(kept_store.n_states):
        index, _ = kept_store.locate(state)
        cell = rows["source"][index]
        r, g, b = tints[codes[state]]
        assert f"#{r:02x}{g:02x}{b:02x}" == groups[cell if isinstance(cell, str) else "missing"]
    window = Window(*bounds(view.projection.xy), 300, 200)
    image = cloud.pixels(view, window, cloud.Look(colour))
    painted = {tuple(one) for one in image[image[..., 3] > 0][:, :3].tolist()}
    assert painted <= {tuple(one) for one in tints.tolist()}
    assert len(painted) > 2


def test_a_board_is_coloured_by_a_column_that_the_run_keeps(kept_store: StateStore) -> None:
    view = Runs([kept_store]).resolve(None)
    plain, coloured, first = (
        board(view, options=options, size=(200, 100)).projection.layout.images[0].source
        for options in (
            DisplayOptions(),
            DisplayOptions(state_colour="column", column="when"),
            DisplayOptions(state_colour="column"),
        )
    )
    assert len({plain, coloured, first}) == 3
    with pytest.raises(ValueError, match="keeps no column 'nowhere'. It keeps source, year"):
        board(view, options=DisplayOptions(state_colour="column", column="nowhere"))
