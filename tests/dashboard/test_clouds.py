"""The cloud with its display options: what is emphasised, marked and coloured, checked state by state."""

import gzip
import json
import threading
import time
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from werkzeug.exceptions import ServiceUnavailable

from hsvis.dashboard.content.bounded_cache import BoundedCache
from hsvis.dashboard.content.clouds import Clouds
from hsvis.errors import ClientGoneError
from hsvis.figures import cells, cloud, raster
from hsvis.figures.cloud import Emphasis, Look, emphasis
from hsvis.figures.raster import FADED, Level
from hsvis.figures.style.colour import rgb
from hsvis.figures.style.theme import DARK, LIGHT
from hsvis.figures.view import View
from hsvis.figures.window import Window, bounds, draw_order, in_order
from hsvis.run.records import Projection
from hsvis.run.verdicts import Verdicts


@dataclass(eq=False)
class Run:
    """What a cloud needs of a store: twelve sequences of two classes, some of them unlabelled."""

    name: str = "small"
    content: str = "small"
    classes: tuple[str, ...] = ("no", "yes")
    n_classes: int = 2
    numbers: None = None
    lengths: np.ndarray = field(default_factory=lambda: np.array([7, 1, 12, 5, 9, 30, 2, 8, 1, 20, 11, 6]))
    labels: np.ndarray = field(
        default_factory=lambda: np.array([0, 1, -1, 0, 1, 1, 0, -1, 0, 1, 0, 1], np.int16)
    )
    predicted: np.ndarray = field(
        default_factory=lambda: np.array([0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0], np.int16)
    )

    def __post_init__(self) -> None:
        self.offsets = np.concatenate([[0], np.cumsum(self.lengths)])
        share = np.random.default_rng(1).uniform(0, 1, self.n_states).astype(np.float32)
        self.ep = np.column_stack([share, 1 - share])

    @property
    def verdicts(self) -> Verdicts:
        return Verdicts("sequence", self.labels, self.predicted, self.lengths)

    @property
    def n_sequences(self) -> int:
        return len(self.lengths)

    @property
    def n_states(self) -> int:
        return int(self.lengths.sum())

    def sequence_of(self, row: int) -> int:
        return next(k for k in range(self.n_sequences) if row < self.offsets[k + 1])


def a_view(run: Any, **changes: Any) -> View:
    xy = np.random.default_rng(2).normal(size=(run.n_states, 2)).astype(np.float32)
    view = View(run, "rnn.0", Projection("tsne", "t-SNE", "tsne", xy, {}, {}), LIGHT)
    return replace(view, **changes)


RUN = Run()
VIEW = a_view(RUN)
WINDOW = Window(*bounds(VIEW.projection.xy), 120, 90, 2.5)
RIGHT = [k for k in range(12) if RUN.labels[k] >= 0 and RUN.labels[k] == RUN.predicted[k]]
WRONG = [k for k in range(12) if RUN.labels[k] >= 0 and RUN.labels[k] != RUN.predicted[k]]


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)))


@pytest.mark.parametrize("fade", [(), ("correct",), ("wrong",), ("correct", "wrong")])
@pytest.mark.parametrize("out", [(), (0, 4, 11)])
def test_levels_follow_the_answers_and_the_filter(fade: tuple[str, ...], out: tuple[int, ...]) -> None:
    matches = np.array([k not in out for k in range(12)])
    levels = emphasis(RUN, fade, matches).of_sequences(RUN).tolist()  # type: ignore[arg-type]
    for k, level in enumerate(levels):
        faded = ("correct" in fade and k in RIGHT) or ("wrong" in fade and k in WRONG)
        assert level == (Level.OUT if k in out else Level.FADED if faded else Level.SHOWN)


def test_an_emphasis_of_all_is_none() -> None:
    assert emphasis(RUN, (), np.ones(12, bool)) == emphasis(RUN) == Emphasis()  # type: ignore[arg-type]
    assert not Emphasis()
    assert emphasis(RUN, ("wrong",))  # type: ignore[arg-type]


def test_faded_states_lie_beneath_and_can_be_picked_but_filtered_ones_can_not() -> None:
    matches = np.arange(12) % 3 > 0
    chosen = emphasis(RUN, ("correct",), matches)  # type: ignore[arg-type]
    levels = chosen.of_sequences(RUN)  # type: ignore[arg-type]
    clouds = Clouds()
    grid, image = clouds.grid(VIEW, WINDOW, chosen), pixels(clouds.image(VIEW, WINDOW, Look(emphasis=chosen)))
    of_row = np.array([levels[RUN.sequence_of(row)] for row in range(RUN.n_states)])
    assert set(of_row[grid[grid > 0] - 1].tolist()) == {Level.FADED, Level.SHOWN}
    alone = {
        level: raster.pick_grid(
            in_order(VIEW.projection.xy[of_row >= level], draw_order(int((of_row >= level).sum()))),
            WINDOW,
        )
        > 0
        for level in Level
    }
    shown, pickable = alone[Level.SHOWN], alone[Level.FADED]
    for y, x in np.ndindex(grid.shape):
        assert (grid[y, x] > 0) == pickable[y, x]
        if pickable[y, x]:
            assert (of_row[grid[y, x] - 1] == Level.SHOWN) == shown[y, x]
        if shown[y, x]:
            assert image[y, x, 3] >= min(raster.OPACITY)
        elif alone[Level.OUT][y, x]:
            assert 0 < image[y, x, 3] <= np.ceil(FADED * max(raster.OPACITY))
        else:
            assert image[y, x, 3] == 0


def test_colour_by_class_is_the_full_colour_and_neutral_without_a_label() -> None:
    view = a_view(RUN, theme=DARK, palette_name="okabe-ito")
    grid, image = Clouds().grid(view, WINDOW), pixels(Clouds().image(view, WINDOW, Look(colour="class")))
    seen = set()
    for y, x in np.argwhere(grid):
        label = int(RUN.labels[RUN.sequence_of(int(grid[y, x]) - 1)])
        seen.add(label)
        expected = view.palette.hexes[label] if label >= 0 else DARK.neutral
        assert image[y, x, :3].tolist() == rgb([expected])[0].tolist()
    assert seen == {-1, 0, 1}


def test_colour_by_correctness_tells_right_wrong_and_unlabelled_sequences_apart() -> None:
    clouds = Clouds()
    grid, image = clouds.grid(VIEW, WINDOW), pixels(clouds.image(VIEW, WINDOW, Look(colour="correct")))
    seen = set()
    for y, x in np.argwhere(grid):
        index = RUN.sequence_of(int(grid[y, x]) - 1)
        expected = LIGHT.right if index in RIGHT else LIGHT.wrong if index in WRONG else LIGHT.neutral
        seen.add(expected)
        assert image[y, x, :3].tolist() == rgb([expected])[0].tolist()
    assert len(seen) == 3


@pytest.mark.parametrize(
    "look",
    [
        Look(),
        Look("class", ("start", "end")),
        Look("correct", ("end",), emphasis(RUN, ("wrong",), np.arange(12) % 3 > 0)),  # type: ignore[arg-type]
    ],
)
def test_what_is_drawn_in_one_go_is_what_the_server_draws(look: Look) -> None:
    clouds = Clouds()
    clouds.grid(VIEW, WINDOW, look.emphasis)  # is kept, as are codes and levels
    for _ in range(2):
        assert np.array_equal(clouds.pixels(VIEW, WINDOW, look), cloud.pixels(VIEW, WINDOW, look))


def test_dots_are_as_large_as_what_is_kept_and_in_sight_allows() -> None:
    window, clouds = Window(*bounds(VIEW.projection.xy), 60, 45), Clouds()
    few = emphasis(RUN, (), np.arange(12) == 7)  # type: ignore[arg-type]
    seen = clouds.in_sight(VIEW, window, few)
    assert seen == (RUN.n_states, RUN.lengths[7])
    grids = [clouds.grid(VIEW, window, chosen) for chosen in (cloud.ALL, few)]
    kept = np.arange(RUN.offsets[7], RUN.offsets[8]) + 1
    areas = [np.isin(grid, kept).sum() for grid in grids]
    assert areas[1] > 1.5 * areas[0]
    image = pixels(clouds.image(VIEW, window, Look(emphasis=few)))
    assert np.array_equal(
        clouds.pixels(VIEW, window, Look(marks=("end",), emphasis=few)),
        cloud.pixels(VIEW, window, Look(marks=("end",), emphasis=few)),
    )
    assert (image[np.isin(grids[1], kept)][:, 3] >= min(raster.OPACITY)).all()


@pytest.mark.parametrize("drawing", ["density", "ep", "errors"])
@pytest.mark.parametrize("colour", ["ep", "class"])
def test_cells_are_drawn_in_one_go_as_by_the_server_and_said(drawing: str, colour: str) -> None:
    look = Look(colour, ("end",), emphasis(RUN, (), np.arange(12) % 3 > 0), drawing)  # type: ignore[arg-type]
    clouds = Clouds()
    assert np.array_equal(clouds.pixels(VIEW, WINDOW, look), cloud.pixels(VIEW, WINDOW, look))
    for _ in range(2):  # the second is kept
        png, told = clouds.picture(VIEW, WINDOW, look)
        assert np.array_equal(pixels(png), clouds.pixels(VIEW, WINDOW, look))
        said = json.loads(told)
        assert said["drawn"] == ("class" if (drawing, colour) == ("ep", "class") else drawing)
        assert said["auto"] == "dots"
        assert (said["states"], said["shown"]) == (RUN.n_states, RUN.lengths[np.arange(12) % 3 > 0].sum())
        assert (said["scale"] is None) == (drawing == "ep")


def test_a_pick_grid_with_cells_has_them_before_the_same_grid() -> None:
    clouds = Clouds()
    plain, with_cells = (
        np.frombuffer(gzip.decompress(clouds.grid_file(VIEW, WINDOW, with_cells=one)), "<u4")
        for one in (False, True)
    )
    at = cells.mesh(WINDOW)
    size = 4 * at.width * at.height
    assert np.array_equal(with_cells[size:], plain)
    assert with_cells[: size // 4].sum() == RUN.n_states


def test_the_same_file_is_given_to_all_who_ask_for_it() -> None:
    clouds = Clouds()
    assert clouds.image(VIEW, WINDOW) == clouds.image(a_view(RUN), WINDOW)
    assert clouds.counts()["files"] == (1, 1)
    assert clouds.grid_file(VIEW, WINDOW) is clouds.grid_file(a_view(RUN, theme=DARK), WINDOW)


@pytest.mark.parametrize("mark", ["start", "end"])
def test_marks_lie_around_the_first_or_last_state_of_each_sequence(mark: str) -> None:
    view = a_view(RUN)
    window = Window(*bounds(view.projection.xy), 900, 700, 2.0)
    clouds = Clouds()
    plain, marked = (pixels(clouds.image(view, window, Look(marks=marks))) for marks in ((), (mark,)))
    changed = (plain != marked).any(axis=2)
    y, x = np.nonzero(changed)
    at = view.projection.xy[RUN.offsets[:-1] if mark == "start" else RUN.offsets[1:] - 1]
    across = (at[:, 0] - window.x0) / (window.x1 - window.x0) * 900
    down = (window.y1 - at[:, 1]) / (window.y1 - window.y0) * 700
    away = np.hypot(x[:, None] + 0.5 - across, y[:, None] + 0.5 - down)
    ring = raster.ring(window, 12)
    assert away.min(axis=1).max() < ring.radius + ring.halo + 1.5
    colour = rgb([LIGHT.ring_start if mark == "start" else LIGHT.ink])[0].tolist()
    solid = (marked[y, x] == [*colour, 255]).all(axis=1)
    for k in range(12):
        assert np.count_nonzero(solid & (away[:, k] < ring.radius + 1)) >= 4


def test_marks_leave_out_filtered_sequences_and_fade_with_faded_ones() -> None:
    window = Window(*bounds(VIEW.projection.xy), 900, 700, 0.4)
    matches = np.arange(12) == WRONG[0]
    clouds = Clouds()
    one, faint = (
        pixels(clouds.image(VIEW, window, Look("ep", ("end",), emphasis(RUN, fade, matches))))  # type: ignore[arg-type]
        for fade in ((), ("wrong",))
    )
    ink = rgb([LIGHT.ink])[0]
    y, x = np.nonzero((one == [*ink, 255]).all(axis=2))
    assert 4 <= len(y) < 60
    assert (faint[y, x] == [*ink, round(255 * FADED)]).all()
    nothing = emphasis(RUN, (), np.zeros(12, bool))  # type: ignore[arg-type]
    none = pixels(clouds.image(VIEW, window, Look("ep", ("start", "end"), nothing)))
    assert np.array_equal(none, pixels(clouds.image(VIEW, window, Look(emphasis=nothing))))


def test_marks_do_not_change_the_grid_and_pictures_repeat() -> None:
    look = Look("class", ("start", "end"), emphasis(RUN, ("wrong",)))  # type: ignore[arg-type]
    clouds = Clouds()
    before = clouds.grid(VIEW, WINDOW, look.emphasis).copy()
    image = clouds.image(VIEW, WINDOW, look)
    assert np.array_equal(clouds.grid(VIEW, WINDOW, look.emphasis), before)
    assert image == clouds.image(VIEW, WINDOW, look) == Clouds().image(VIEW, WINDOW, look)


def test_views_that_differ_in_one_thing_have_their_own_pictures() -> None:
    clouds, faded = Clouds(), emphasis(RUN, ("correct",))  # type: ignore[arg-type]
    images = [
        clouds.image(VIEW, WINDOW),
        clouds.image(VIEW, replace(WINDOW, radius=4.0)),
        clouds.image(VIEW, WINDOW, Look(colour="class")),
        clouds.image(VIEW, WINDOW, Look(marks=("start",))),
        clouds.image(VIEW, WINDOW, Look(marks=("end",))),
        clouds.image(VIEW, WINDOW, Look(emphasis=faded)),
        clouds.image(a_view(RUN, palette_name="tableau"), WINDOW),
        clouds.image(a_view(RUN, theme=DARK), WINDOW),
    ]
    assert len(set(images)) == len(images)
    assert images[0] == clouds.image(VIEW, WINDOW)


def test_what_was_not_used_for_longest_goes_first() -> None:
    recent, computed = BoundedCache(2 * 8), []

    def one(key: str) -> np.ndarray:
        return recent.get(key, lambda: computed.append(key) or np.zeros(8, np.uint8))  # type: ignore[func-returns-value]

    for key in ("a", "b", "a", "c", "a", "b"):
        assert not one(key).flags.writeable
    assert computed == ["a", "b", "c", "b"]
    assert len(recent) == 2


def test_several_requests_at_once_compute_once() -> None:
    recent, computed = BoundedCache(100), []
    threads = [
        threading.Thread(target=recent.get, args=("a", lambda: computed.append(1) or np.zeros(1)))  # type: ignore[func-returns-value]
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert computed == [1]


def test_two_who_ask_for_different_things_do_not_wait_for_each_other() -> None:
    recent: BoundedCache[bytes] = BoundedCache(100)
    begun, ended = threading.Event(), threading.Event()

    def slow() -> bytes:
        begun.set()
        assert ended.wait(10)
        return b"slow"

    thread = threading.Thread(target=recent.get, args=("slow", slow))
    thread.start()
    assert begun.wait(10)
    assert recent.get("quick", lambda: b"quick") == b"quick"
    ended.set()
    thread.join()
    assert recent.get("slow", lambda: b"again") == b"slow"


def test_after_an_error_the_next_who_asks_computes() -> None:
    recent: BoundedCache[bytes] = BoundedCache(100)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: bytes(1 // 0))
    assert recent.get("a", lambda: b"whole") == b"whole"


def test_who_waits_for_what_fails_gets_the_same_error_and_does_not_try_in_turn() -> None:
    recent: BoundedCache[bytes] = BoundedCache(100)
    begun, may_fail, tried, failed = threading.Semaphore(0), threading.Event(), [], []

    def fails() -> bytes:
        tried.append(1)
        begun.release()
        assert may_fail.wait(10)
        raise ServiceUnavailable

    def ask() -> None:
        try:
            recent.get("a", fails)
        except ServiceUnavailable as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.acquire(timeout=10)
    (computing,) = recent._computing.values()
    while computing.waiting < len(threads):
        time.sleep(0.001)
    may_fail.set()
    for thread in threads:
        thread.join()
    assert len(failed) == len(threads)
    assert tried == [1]


def test_when_its_client_has_gone_the_next_who_waits_computes() -> None:
    recent: BoundedCache[bytes] = BoundedCache(100)
    begun, may_fail, found = threading.Event(), threading.Event(), []

    def gone() -> bytes:
        begun.set()
        assert may_fail.wait(10)
        raise ClientGoneError

    def first() -> None:
        with pytest.raises(ClientGoneError):
            recent.get("a", gone)

    threads = [
        threading.Thread(target=first),
        threading.Thread(target=lambda: found.append(recent.get("a", lambda: b"whole"))),
    ]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    may_fail.set()
    for thread in threads:
        thread.join()
    assert found == [b"whole"]
