"""States beyond the sample that t-SNE is fitted to: where they are placed."""

import numpy as np
import openTSNE
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness

from benchmarks.synthetic import walks
from hsvis.build import placing
from hsvis.build.projecting import Embedded, embed, placer
from hsvis.config import PcaSettings, TsneSettings

TSNE = TsneSettings(method="tsne", perplexity=10, max_fit=200)
STATES = walks(40, 30, 8)  # 1,200 in all

seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def projected() -> Embedded:
    return embed(STATES, TSNE)


def rows_of(values: np.ndarray) -> int:
    return len(np.unique(values, axis=0))


def test_different_states_have_different_places_on_no_lattice(projected: Embedded) -> None:
    assert projected.fitted is not None
    placed = ~projected.fitted
    different = rows_of(STATES[placed])
    assert rows_of(projected.xy[placed]) >= 0.99 * different
    for axis in (0, 1):  # at medians of ten, there are no more x than fitted states and middles of two
        assert len(np.unique(projected.xy[placed, axis])) >= 0.99 * different


def test_it_is_told_which_states_were_fitted(projected: Embedded) -> None:
    assert projected.fitted is not None
    assert projected.fitted.shape == (1200,)
    assert projected.fitted.sum() == projected.details["fitted"] == 200
    assert projected.details["placed"] == 1000


@pytest.mark.parametrize("whole", [TSNE.model_copy(update={"max_fit": None}), PcaSettings(method="pca")])
def test_where_all_states_are_fitted_none_is_marked(whole: TsneSettings | PcaSettings) -> None:
    found = embed(STATES[:150], whole)
    assert found.fitted is None
    assert not {"fitted", "placed", "placed_by"} & set(found.details)


def test_neighbourhoods_are_truer_than_at_medians(projected: Embedded) -> None:
    assert projected.fitted is not None
    fitted, new = STATES[projected.fitted], STATES[~projected.fitted]
    xy = projected.xy[projected.fitted].astype(float)
    nearest = np.linalg.norm(new[:, None] - fitted[None], axis=2).argsort(1)[:, :10]
    at_medians = np.median(xy[nearest], axis=1)
    ours = trustworthiness(new, projected.xy[~projected.fitted], n_neighbors=10)
    assert ours >= trustworthiness(new, at_medians, n_neighbors=10)


def test_placed_states_lie_within_the_picture_however_far_they_are() -> None:
    far = np.concatenate([STATES[:300], 1e4 * np.ones((1, 8), np.float32), -1e4 * STATES[:3]])
    xy = embed(STATES[:300], TSNE.model_copy(update={"max_fit": None})).xy
    placed = placer(STATES[:300], xy, TSNE)(far)
    assert np.isfinite(placed).all()
    assert (placed >= xy.min(0)).all()
    assert (placed <= xy.max(0)).all()


def test_equal_states_have_equal_places_whatever_they_are_placed_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(1)
    xy = embed(STATES[:300], TSNE.model_copy(update={"max_fit": None})).xy
    place = placer(STATES[:300], xy, TSNE)
    alone = place(STATES[300:400])
    monkeypatch.setattr(placing, "AT_ONCE", 7)
    order = rng.permutation(np.repeat(np.arange(100), 3))
    np.testing.assert_array_equal(place(STATES[300:400][order]), alone[order])


def test_a_state_that_was_fitted_is_placed_where_it_stands() -> None:
    xy = embed(STATES[:300], TSNE.model_copy(update={"max_fit": None})).xy
    placed = placer(STATES[:300], xy, TSNE)(STATES[:300])
    np.testing.assert_allclose(placed, xy, atol=1e-3 * np.ptp(xy))


@given(seed=seeds, k=st.integers(1, 10), angle=st.floats(0, 6.3), scale=st.floats(0.01, 100))
@settings(deadline=None, max_examples=60)
def test_turned_neighbours_give_turned_places(seed: int, k: int, angle: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    places, weights = scale * rng.normal(size=(5, k, 2)), rng.dirichlet(np.ones(k), 5)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    np.testing.assert_allclose(
        placing.balance(places @ turn, weights), placing.balance(places, weights) @ turn, atol=1e-5 * scale
    )


@given(seed=seeds, k=st.integers(1, 10), scale=st.floats(1e-6, 1e6))
@settings(deadline=None, max_examples=60)
def test_a_place_is_within_the_hull_of_its_neighbours(seed: int, k: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    places, weights = scale * rng.normal(size=(5, k, 2)), rng.dirichlet(np.full(k, 0.3), 5)
    found = placing.balance(places, weights)
    for direction in rng.normal(size=(20, 2)):
        assert (found @ direction <= (places @ direction).max(1) + 1e-9 * scale).all()


def test_a_state_between_two_regions_goes_to_the_one_with_more_of_its_neighbours() -> None:
    rng = np.random.default_rng(2)
    places = rng.normal(scale=0.3, size=(1, 10, 2)) + np.repeat([[0, 0], [40, 40]], [6, 4], axis=0)
    found = placing.balance(places, np.full((1, 10), 0.1))
    assert np.linalg.norm(found) < 1


@given(distances=st.lists(st.floats(0, 1e6), min_size=1, max_size=10))
@settings(deadline=None, max_examples=100)
def test_nearer_neighbours_weigh_more(distances: list[float]) -> None:
    weights = placing.similarities(np.sort(np.array([distances])))
    assert np.isfinite(weights).all()
    assert weights.sum() == pytest.approx(1)
    assert (np.diff(weights[0]) <= 0).all()


def test_the_fitted_sample_stays_where_it_is() -> None:
    embedding = openTSNE.TSNE(perplexity=10, n_jobs=1, random_state=1, n_iter=50).fit(STATES[:100])
    before = np.array(embedding)
    placing.place(embedding, STATES[100:200])
    np.testing.assert_array_equal(np.asarray(embedding), before)
