"""The projection: the trajectory's points, segments, colours and rings."""

from itertools import pairwise

import numpy as np
import pytest
from figure_example import BOTH, Example, trace

from hsvis.figures.projection import N_COLOURS, N_WIDTHS, WIDTHS, TrajectoryStyle, projection
from hsvis.figures.style.theme import LIGHT, mix, palette


def test_nothing_selected_leaves_every_trace_empty():
    example = Example(20, 5)
    figure = projection((-1, 1, -2, 2), example.trajectory[:0], example.ep[:0], example.palette, LIGHT)
    assert len(figure.data) == len(example.all()["projection"].data)
    assert all(len(one.x) == 0 for one in figure.data)
    assert (list(figure.layout.xaxis.range), list(figure.layout.yaxis.range)) == ([-1, 1], [-2, 2])
    assert figure.layout.meta["bounds"] == [-1, 1, -2, 2]
    assert figure.layout.images == ()


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("n_steps", [1, 2, 40])
def test_the_trajectory_passes_through_every_state(n_steps, n_classes):
    example = Example(n_steps, n_classes)
    figure = example.all()["projection"]
    steps = trace(figure, "steps")
    assert np.array_equal(np.column_stack([steps.x, steps.y]), example.trajectory)
    assert list(steps.customdata) == list(range(n_steps))
    assert list(steps.marker.color) == example.palette.ep_hexes(example.ep)
    drawn = set()
    for k in range(N_COLOURS):
        part = trace(figure, f"segments {k}")
        ends = np.column_stack([part.x, part.y]).reshape(-1, 3, 2)
        assert np.isnan(ends[:, 2]).all()  # no line from one segment to the next
        drawn |= {(tuple(start), tuple(end)) for start, end, _ in ends.tolist()}
    points = [tuple(point) for point in example.trajectory.tolist()]
    assert drawn == set(pairwise(points))


def test_segments_have_the_colour_of_the_ep_at_their_start():
    ep = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.3, 0.7]])
    trajectory = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]], dtype=np.float32)
    colours = palette(2, LIGHT)
    figure = projection((-1, 4, -1, 1), trajectory, ep, colours, LIGHT)
    at_start = {
        float(part.x[0]): part.line.color
        for part in (trace(figure, f"segments {k}") for k in range(N_COLOURS))
        if len(part.x)
    }
    assert at_start == {0.0: colours.hexes[0], 1.0: LIGHT.neutral, 2.0: colours.hexes[1]}


@BOTH
def test_segments_of_many_classes_grow_stronger_with_time(look):
    example = Example(60, 4, look)
    figure = example.all()["projection"]
    parts = [trace(figure, f"segments {k}") for k in range(N_COLOURS)]
    firsts = [float(part.x[0]) for part in parts]
    assert firsts == [float(example.trajectory[-(-k * 59 // N_COLOURS), 0]) for k in range(N_COLOURS)]
    assert parts[-1].line.color == look.ink


def test_start_and_end_are_ringed():
    example = Example(10, 2)
    figure = example.all()["projection"]
    for name, step, colour in (("start", 0, LIGHT.ring_start), ("end", 9, LIGHT.ink)):
        ring = trace(figure, name)
        assert (ring.x[0], ring.y[0]) == tuple(example.trajectory[step])
        assert ring.marker.line.color == colour


@pytest.mark.parametrize("size", [0.25, 1, 4])
@pytest.mark.parametrize("n_steps", [1, 10, 300])
def test_no_state_or_line_hides_a_ring_and_a_ring_hides_no_state(size, n_steps):
    figure = styled(Example(n_steps, 2), size=size)
    *beneath, casing, start, end = figure.data
    assert [one.name for one in (casing, start, end)] == ["ring casing", "start", "end"]
    assert "steps" in [one.name for one in beneath]
    dot = trace(figure, "steps").marker.size
    for ring in (casing, start, end):
        assert ring.marker.symbol == "circle-open"
        assert ring.marker.size - ring.marker.line.width >= min(dot, 7)
    assert start.marker.size > dot


def parts_of(figure):
    """Start of each segment -> (colour, width), of the segments that are drawn."""
    found = {}
    for part in figure.data:
        if part.name.startswith("segments"):
            ends = np.column_stack([part.x, part.y]).reshape(-1, 3, 2)
            found |= {tuple(start): (part.line.color, part.line.width) for start, _, _ in ends.tolist()}
    return found


def styled(example, **style):
    bounds, distance = (-4, 4, -4, 4), np.nan_to_num(example.distance)
    palette_, look = example.palette, example.look
    style = TrajectoryStyle(**style)
    return projection(bounds, example.trajectory, example.ep, palette_, look, style, distance)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_thickness_by_distance_grows_with_the_distance(n_classes):
    example = Example(40, n_classes)
    widths = parts_of(styled(example, thickness="distance", width=2.0))
    at = [widths[tuple(point)][1] for point in example.trajectory[:-1].tolist()]
    share = example.distance[1:] / example.distance[1:].max()
    expected = np.linspace(*WIDTHS, N_WIDTHS)[np.minimum((share * N_WIDTHS).astype(int), N_WIDTHS - 1)] * 4
    assert np.allclose(at, expected)


def test_thickness_by_time_grows_with_time():
    example = Example(40, 2)
    widths = parts_of(styled(example, thickness="time"))
    at = [widths[tuple(point)][1] for point in example.trajectory[:-1].tolist()]
    assert at == sorted(at)
    assert len(set(at)) == N_WIDTHS


def test_the_ep_of_many_classes_can_colour_the_segments():
    example = Example(60, 5)
    colours = parts_of(styled(example, colour="ep"))
    winners = example.ep.argmax(1)
    seen = {
        k: {colours[tuple(p)][0] for p in example.trajectory[:-1][winners[:-1] == k].tolist()}
        for k in range(5)
    }
    assert all(seen[k].isdisjoint(seen[j]) for k in seen for j in seen if j < k)


def test_two_classes_can_be_coloured_by_time():
    example = Example(60, 2)
    colours = parts_of(styled(example, colour="time"))
    assert colours[tuple(example.trajectory[58].tolist())][0] == LIGHT.ink


def test_sizes_are_factors():
    example = Example(10, 2)
    plain, larger = styled(example), styled(example, size=2.0, width=3.0)
    assert trace(larger, "steps").marker.size == 2 * trace(plain, "steps").marker.size
    drawn = [next(iter(parts_of(one).values()))[1] for one in (plain, larger)]
    assert drawn[1] == 3 * drawn[0]


def test_the_projection_is_dragged_and_its_axes_are_not_seen():
    layout = Example(3, 2).all()["projection"].layout
    assert layout.dragmode == "pan"
    assert not layout.xaxis.visible


@pytest.mark.parametrize("n_classes", [3, 5])
def test_eps_that_are_certain_are_the_strongest_colour_of_their_class(n_classes):
    ep = np.eye(n_classes, dtype=np.float32)[[0, 2, 1, 1]]
    trajectory = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]], dtype=np.float32)
    colours = palette(n_classes, LIGHT)
    style = TrajectoryStyle(colour="ep")
    drawn = parts_of(projection((-1, 4, -1, 1), trajectory, ep, colours, LIGHT, style))
    strongest = [mix(colours.neutral, colours.hexes[k], 3.5 / 4) for k in (0, 2, 1)]  # of four levels
    assert [drawn[float(x), 0.0][0] for x in range(3)] == strongest


def test_lines_are_drawn_through_every_point():
    figure = Example(40, 5).all()["projection"]
    lines = [one for one in figure.data if one.name.startswith("segments")]
    assert lines
    assert not any(one.line.simplify for one in lines)
    assert trace(figure, "steps").marker.line.width > 0  # dots that overlap are told apart
