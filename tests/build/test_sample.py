"""A sample of very many states leaves nothing out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from hsvis.build.projecting import FEWEST, embed
from hsvis.build.sample import _shares as shares_of
from hsvis.build.sample import cover
from hsvis.config import TsneSettings

RNG = np.random.default_rng(3)


def clusters() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """6,000 states: a big cluster, a small one, and 30 states far from both; their groups and steps."""
    centres, sizes = np.array([[0.0] * 5, [20.0] * 5, [-30.0] * 5]), [5000, 970, 30]
    states = np.concatenate([RNG.normal(c, 1, (n, 5)) for c, n in zip(centres, sizes, strict=True)])
    return states.astype(np.float32), RNG.integers(0, 3, 6000), np.arange(6000) % 50


def test_rare_regions_every_group_and_every_step_are_covered() -> None:
    states, groups, steps = clusters()
    groups[:] = 0
    groups[17] = 1  # one state of a class of its own
    rows = cover(states, groups, steps, 600, seed=1)
    assert len(np.unique(rows)) == 600
    assert (rows >= 5970).sum() > 600 * 30 / 6000 * 2  # more than twice its share
    assert 17 in rows
    assert set(steps[rows]) == set(range(50))


def test_the_same_seed_gives_the_same_sample() -> None:
    data = clusters()
    np.testing.assert_array_equal(cover(*data, 500, seed=4), cover(*data, 500, seed=4))


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 200), count=st.integers(1, 250), groups=st.integers(1, 60), seed=st.integers(0, 9))
def test_it_has_the_size_that_was_asked_for_and_no_row_twice(
    n: int, count: int, groups: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(n, 3)).astype(np.float32)
    rows = cover(states, rng.integers(-1, groups, n), rng.integers(0, 5, n), count, seed)
    assert len(rows) == min(n, count)
    assert (np.diff(rows) > 0).all()
    assert 0 <= rows.min() <= rows.max() < n


def test_equal_states_are_sampled_too() -> None:
    rows = cover(np.ones((500, 4), np.float32), np.zeros(500, int), np.arange(500), 100, seed=0)
    assert len(rows) == 100


# t-SNE of a sample


def tsne(**more: int | None) -> TsneSettings:
    return TsneSettings(method="tsne", perplexity=15, seed=1, **more)  # type: ignore[arg-type]


def test_states_beyond_the_limit_are_placed_among_their_like() -> None:
    states, groups, steps = clusters()
    states, groups, steps = states[4500:], groups[4500:], steps[4500:]  # 500, 970 and 30
    told: list[tuple[str, int, int]] = []
    found = embed(
        states, tsne(max_fit=400), lambda stage, done, total, note="": told.append((stage, done, total)),
        groups=groups, steps=steps,
    )  # fmt: skip
    assert found.details["fitted"] == 400
    assert found.details["placed"] == 1100
    assert told[-1] == ("placing states", 1100, 1100)
    cluster = np.repeat([0, 1, 2], [500, 970, 30])
    middles = np.array([np.median(found.xy[cluster == k], 0) for k in range(3)])
    nearest = np.linalg.norm(found.xy[:, None] - middles, axis=2).argmin(1)
    assert (nearest == cluster).mean() > 0.97
    assert np.isfinite(found.xy).all()


@pytest.mark.parametrize("limit", [None, 300, 1000])
def test_all_states_are_fitted_where_the_limit_allows(limit: int | None) -> None:
    states = clusters()[0][4850:5150]
    np.testing.assert_array_equal(embed(states, tsne(max_fit=limit)).xy, embed(states, tsne(max_fit=None)).xy)


@given(sizes=st.lists(st.integers(1, 300), min_size=2, max_size=12), count=st.integers(1, 400))
def test_parts_give_by_the_root_of_their_size(sizes: list[int], count: int) -> None:
    there = np.array(sizes)
    count = min(count, int(there.sum()) - 1)
    shares = shares_of(there, count)
    assert shares.sum() == count
    assert (shares <= there).all()
    if count < len(sizes):
        return
    assert (shares >= 1).all()
    roots = np.sqrt(there)
    factor = brentq(lambda one: np.clip(one * roots, 1, there).sum() - count - 1e-9, 0, there.max() + 1)
    exact = np.clip(factor * roots, 1, there)
    nearest = np.floor(exact + 1e-7)  # the largest remainders are rounded up, and no others
    nearest[np.argsort(nearest - exact, kind="stable")[: round(count - nearest.sum())]] += 1
    assert np.abs(shares - exact).sum() <= np.abs(nearest - exact).sum() + 1e-4


@pytest.mark.parametrize(("count", "is_pca"), [(FEWEST - 1, True), (FEWEST, False)])
def test_very_few_states_are_shown_by_pca_and_said_to_be(count: int, is_pca: bool) -> None:
    states = RNG.normal(size=(count, 4)).astype(np.float32)
    made = embed(states, TsneSettings.model_validate({"method": "tsne", "perplexity": 30}))
    assert ("too few for t-SNE" in made.details["note"]) == is_pca
    assert ("explained_variance" in made.details) == is_pca
