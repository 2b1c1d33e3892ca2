"""Which sequences a filter emphasises, recomputed sequence by sequence and point by point."""

import json
import threading
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.analysis.regions import Polygon, inside
from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.filters import LONGEST_SEARCH, Filter, Filters, matching
from hsvis.figures.view import View
from hsvis.run.store import StateStore

TEXTS = [
    "A GOOD film 😀, really.",
    "فيلم جيد جدا",
    "<b>Bold</b> & <script>alert('x')</script>",
    "100% of it, 50 percent",
    "snake_case and snakeXcase",
    "a.b and aXb, (a|b)*? [a-z]+ \\d $^",
    "Straße, ΣΊΣΥΦΟΣ, İstanbul",
    "",
    "two  spaces\nand a line\tand \x00 zero",
    "👩‍👩‍👧 family",
]


@pytest.fixture(scope="module")
def odd_store(demo_store: StateStore) -> StateStore:
    """The demo run with difficult texts in several chunks; every third sequence is unlabelled."""
    table = pq.read_table(demo_store.folder.sequences)
    n = table.num_rows
    texts = [TEXTS[i % len(TEXTS)] for i in range(n)]
    labels = [-1 if i % 3 == 0 else int(label) for i, label in enumerate(demo_store.labels)]
    for name, values in (("text", pa.array(texts)), ("label", pa.array(labels, pa.int16()))):
        table = table.set_column(table.column_names.index(name), name, values)
    table = pa.concat_tables([table.slice(0, 7), table.slice(7, 20), table.slice(27)])
    layers = demo_store.layers
    return StateStore(
        demo_store.folder, demo_store.manifest, table, demo_store.ep,
        {layer: demo_store.distances(layer) for layer in layers},
        {layer: demo_store.projections(layer) for layer in layers},
    )  # fmt: skip


@pytest.fixture(scope="module")
def view(odd_store: StateStore) -> View:
    return Runs([odd_store]).resolve(None)


def plainly_inside(polygon: Polygon, x: float, y: float) -> bool | None:
    """Even-odd in exact numbers; None for a point on an edge, which may be in or out."""
    px, py, odd = Fraction(x), Fraction(y), False
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        x0, y0, x1, y1 = (Fraction(value) for value in (ax, ay, bx, by))
        cross = (x1 - x0) * (py - y0) - (y1 - y0) * (px - x0)
        between = min(x0, x1) <= px <= max(x0, x1) and min(y0, y1) <= py <= max(y0, y1)
        if cross == 0 and between:
            return None
        if (y0 > py) != (y1 > py) and px < x0 + (py - y0) * (x1 - x0) / (y1 - y0):
            odd = not odd
    return odd


def plainly_matching(chosen: Filter, view: View) -> list[bool]:
    store, xy = view.store, view.projection.xy.tolist()
    matches = []
    for index in range(store.n_sequences):
        one = store.sequence(index)
        right = True
        if chosen.actual is not None:
            right = right and one.label == chosen.actual
        if chosen.predicted is not None:
            right = right and one.predicted == chosen.predicted
        if chosen.correct is not None:
            right = right and one.correct is chosen.correct
        right = right and chosen.search.casefold() in one.text.casefold()
        for region in chosen.regions:
            right = right and any(
                plainly_inside(region, *xy[r]) for r in range(one.rows.start, one.rows.stop)
            )
        matches.append(right)
    return matches


def lasso(view: View, share: float, seed: int = 0) -> Polygon:
    """A ragged polygon around some state, about this share of the cloud wide."""
    rng, xy = np.random.default_rng(seed), view.projection.xy
    middle = xy[rng.integers(len(xy))]
    angle = np.linspace(0, 2 * np.pi, 25)[:-1]
    radius = np.ptp(xy, axis=0).max() * share / 2 * rng.uniform(0.5, 1.0, 24)
    points = middle + np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return tuple((float(x), float(y)) for x, y in points)


corner = st.tuples(st.integers(-6, 6).map(float), st.integers(-6, 6).map(float))
point = st.tuples(st.integers(-30, 30).map(lambda n: n / 4), st.integers(-30, 30).map(lambda n: n / 4))


@given(st.lists(corner, min_size=3, max_size=12).map(tuple), st.lists(point, max_size=60))
def test_point_in_polygon_agrees_with_exact_numbers(polygon: Polygon, points: list[Any]) -> None:
    found = inside(polygon, np.array(points, np.float32).reshape(-1, 2))
    for (x, y), here in zip(points, found.tolist(), strict=True):
        expected = plainly_inside(polygon, x, y)
        assert expected is None or here == expected


def test_neighbouring_boxes_share_no_point_and_lose_none() -> None:
    grid = np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(-1, 2).astype(np.float32)
    boxes = [
        ((x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1))
        for x in (-1.0, 0.0, 1.0, 2.0, 3.0) for y in (-1.0, 0.0, 1.0, 2.0, 3.0)
    ]  # fmt: skip
    assert (sum(inside(box, grid).astype(int) for box in boxes) == 1).all()


@pytest.mark.parametrize(
    "polygon",
    [
        ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),  # a point
        ((0.0, 0.0), (1.0, 1.0), (2.0, 2.0)),  # a line
        ((1e30, 1e30), (1e30, -1e30), (0.5e30, 0.0)),
        ((0.0, 5e-324), (1e30, 0.0), (-1e30, 5e-324)),
    ],
)
@pytest.mark.filterwarnings("error")
def test_polygons_without_area_or_far_away_hold_nothing(polygon: Polygon) -> None:
    xy = np.random.default_rng(1).normal(size=(500, 2)).astype(np.float32)
    assert not inside(polygon, xy).any()
    assert not inside(polygon, xy[:0]).any()


def test_the_largest_polygon_holds_everything() -> None:
    xy = np.random.default_rng(1).normal(size=(500, 2)).astype(np.float32)
    assert inside(((-1e30, -1e30), (1e30, -1e30), (1e30, 1e30), (-1e30, 1e30)), xy).all()


@pytest.mark.parametrize(
    "chosen",
    [
        Filter(),
        Filter(actual=-1),
        Filter(actual=0),
        Filter(predicted=1),
        Filter(correct=True),
        Filter(correct=False),
        Filter(actual=-1, correct=False),
        Filter(actual=1, predicted=0),
        *(Filter(search=text[:LONGEST_SEARCH]) for text in TEXTS),
        *(Filter(search=words) for words in ("good FILM", "STRASSE", "straße", "σίσυφος", "i̇STANBUL", "😀")),
        *(Filter(search=words) for words in ("0%", "50%", "snake_case", "a.b")),
        *(Filter(search=words) for words in ("(a|b)*?", "[a-z]+", "\\d", "$^")),
        *(Filter(search=words) for words in ("<SCRIPT>", "&", "جيد", "\n", "👩", "nowhere at all")),
    ],
)  # fmt: skip
def test_each_condition_agrees_with_a_plain_loop(view: View, chosen: Filter) -> None:
    assert matching(chosen, view).tolist() == plainly_matching(chosen, view)


@pytest.mark.parametrize(
    ("search", "found"), [("%", 1), ("_", 1), (".b", 1), ("a|b", 1), ("\\d", 1), (".*", 0)]
)
def test_signs_of_patterns_are_literal(view: View, search: str, found: int) -> None:
    texts = {view.store.sequence(int(i)).text for i in np.flatnonzero(matching(Filter(search=search), view))}
    assert len(texts) == found
    assert all(search in text for text in texts)


@pytest.mark.parametrize("seed", range(6))
def test_regions_agree_with_a_plain_loop(view: View, seed: int) -> None:
    one, other = lasso(view, 0.3, seed), lasso(view, 0.6, seed + 100)
    for drawn in ((one,), (other,), (one, other)):
        chosen = Filter(regions=drawn)
        assert matching(chosen, view).tolist() == plainly_matching(chosen, view)
    both = matching(Filter(regions=(one, other)), view)
    apart = matching(Filter(regions=(one,)), view) & matching(Filter(regions=(other,)), view)
    assert np.array_equal(both, apart)


def test_all_conditions_hold_at_once(view: View) -> None:
    chosen = Filter(predicted=1, correct=True, search="A", regions=(lasso(view, 0.9),))
    expected = plainly_matching(chosen, view)
    assert 0 < sum(expected) < view.store.n_sequences
    assert matching(chosen, view).tolist() == expected


def test_a_box_around_one_state_finds_its_sequence(view: View) -> None:
    row = view.store.n_states - 1
    x, y = (float(value) for value in view.projection.xy[row])
    box = ((x - 1e-4, y - 1e-4), (x + 1e-4, y - 1e-4), (x + 1e-4, y + 1e-4), (x - 1e-4, y + 1e-4))
    assert matching(Filter(regions=(box,)), view)[view.store.locate(row)[0]]


def test_every_key_is_read() -> None:
    text = json.dumps(
        {
            "actual": -1, "predicted": 1, "correct": False, "search": "  Übel\n",
            "regions": [[[0, 0], [1.5, 0], [1, 2]]],
        }
    )  # fmt: skip
    expected = Filter(-1, 1, False, "Übel", (((0.0, 0.0), (1.5, 0.0), (1.0, 2.0)),))
    assert Filter.parse(text, 2) == expected
    assert not expected.is_empty


@pytest.mark.parametrize(
    "text", [None, "", "{}", '{"search": "   "}', '{"regions": []}', '{"actual": null, "correct": null}',
             '{"search": null, "regions": null, "predicted": null}']
)  # fmt: skip
def test_nothing_asked_is_the_empty_filter(view: View, text: str | None) -> None:
    assert Filter.parse(text, 2).is_empty
    assert matching(Filter.parse(text, 2), view).all()


TRIANGLE = "[0,0],[1,0],[0,1]"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "JSON"),
        (" ", "JSON"),
        ("[" * 100_000, "JSON"),
        ('{"actual": ' + "9" * 5000 + "}", "JSON"),
        ("[]", "keys actual, predicted"),
        ("null", "keys actual"),
        ('"good"', "keys actual"),
        ('{"label": 1}', "'label'"),
        ('{"actual": 2}', "actual=2 is not a class: -1 to 1"),
        ('{"actual": -2}', "-1 to 1"),
        ('{"actual": true}', "actual=True"),
        ('{"actual": 1.0}', "actual=1.0"),
        ('{"actual": "1"}', "actual='1'"),
        ('{"predicted": -1}', "predicted=-1 is not a class: 0 to 1"),
        ('{"predicted": false}', "predicted=False"),
        ('{"correct": 1}', "true, false, null"),
        ('{"correct": "yes\\n<b>"}', "'yes\\n<b>'"),
        ('{"search": 5}', "search=5"),
        ('{"search": ["a"]}', "not a text"),
        ('{"search": "' + "a" * 201 + '"}', "201 characters; at most 200"),
        ('{"search": "\\ud83d"}', "half a character"),
        ('{"regions": {}}', "list of polygons"),
        ('{"regions": [' + ",".join([f"[{TRIANGLE}]"] * 9) + "]}", "9 regions; at most 8"),
        ('{"regions": [[[0,0],[1,1]]]}', "2 points; 3 to 500"),
        ('{"regions": [[' + ",".join(["[0,0]"] * 501) + "]]}", "501 points; 3 to 500"),
        ('{"regions": [5]}', "3 to 500 points"),
        ('{"regions": [[0,1,2]]}', "point 0"),
        ('{"regions": [[[0,0],[1,0],[1]]]}', "point [1]"),
        ('{"regions": [[[0,0],[1,0],[1,2,3]]]}', "[1, 2, 3]"),
        ('{"regions": [[[0,0],[1,0],[1,NaN]]]}', "nan"),
        ('{"regions": [[[0,0],[1,0],[1,-Infinity]]]}', "-inf"),
        ('{"regions": [[[0,0],[1,0],[1,1e999]]]}', "inf"),
        ('{"regions": [[[0,0],[1,0],[1,' + "9" * 400 + "]]]}", "1e+30"),
        ('{"regions": [[[0,0],[1,0],[1,true]]]}', "True"),
        ('{"regions": [[[0,0],[1,0],[1,"2"]]]}', "'2'"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_what_is_allowed(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]{10,300}\.$") as refused:
        Filter.parse(text, 2)
    assert type(refused.value) is ValueError
    assert named in str(refused.value)


def test_the_largest_filter_is_accepted() -> None:
    ring = [[float(x), float(x % 7)] for x in range(500)]
    read = Filter.parse(json.dumps({"search": "ß" * 200, "regions": [ring] * 8}), 46)
    assert (len(read.search), [len(region) for region in read.regions]) == (200, [500] * 8)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
keys = st.sampled_from(["actual", "predicted", "correct", "search", "regions"])
polygons = st.lists(st.lists(st.lists(st.floats() | st.integers() | json_values, max_size=3), max_size=5))
objects = st.dictionaries(keys, json_values | polygons, max_size=5)


@given(st.text() | json_values.map(json.dumps) | objects.map(json.dumps))
def test_any_text_is_a_filter_or_a_value_error(text: str) -> None:
    try:
        read = Filter.parse(text, 2)
    except ValueError as refused:
        assert str(refused).isprintable()
        return
    assert hash(read) == hash(Filter.parse(text, 2))
    assert read.search == read.search.strip()
    read.search.encode()
    for region in read.regions:
        assert np.isfinite(np.array(region, float)).all()


def test_masks_are_kept_and_can_not_be_changed(view: View) -> None:
    filters = Filters(mask_bytes=4 * view.store.n_sequences)
    mask = filters.mask(view, Filter(actual=0))
    assert filters.mask(view, Filter(actual=0)) is mask
    with pytest.raises(ValueError, match="read-only"):
        mask[0] = True
    for n in range(4):
        filters.mask(view, Filter(search=f"{n}"))
    again = filters.mask(view, Filter(actual=0))
    assert again is not mask
    assert np.array_equal(again, mask)


def test_only_regions_depend_on_the_projection(odd_store: StateStore) -> None:
    runs, filters, layer = Runs([odd_store]), Filters(), odd_store.layers[0]
    names = [projection.name for projection in odd_store.projections(layer)]
    assert len(names) > 1, "the small demo should have several projections"
    one, other = (runs.resolve({"layer": layer, "projection": name}) for name in names[:2])
    assert filters.mask(one, Filter(actual=0)) is filters.mask(other, Filter(actual=0))
    chosen = Filter(regions=(lasso(one, 0.3),))
    for seen in (one, other):
        assert filters.mask(seen, chosen).tolist() == plainly_matching(chosen, seen)
    assert not np.array_equal(filters.mask(one, chosen), filters.mask(other, chosen))


def test_threads_share_the_masks(view: View) -> None:
    filters, wrong = Filters(), []
    asked = [Filter(search=text) for text in "abcdefghijklmnopqrstuvwxyz"] * 3
    asked += [Filter(search=f"{n}") for n in range(50)]
    expected = {chosen: matching(chosen, view) for chosen in asked}

    def ask() -> None:
        wrong.extend(one for one in asked if not np.array_equal(filters.mask(view, one), expected[one]))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_tokens_of_rows(odd_store: StateStore) -> None:
    rows = np.random.default_rng(3).integers(0, odd_store.n_states, 200)
    expected = []
    for row in rows.tolist():
        index, step = odd_store.locate(row)
        expected.append(odd_store.sequence(index).tokens[step])
    assert odd_store.tokens_at(rows) == expected
    assert odd_store.tokens_at(rows[:0]) == []
    for beyond in (-1, odd_store.n_states):
        with pytest.raises(IndexError):
            odd_store.tokens_at(np.array([0, beyond]))
