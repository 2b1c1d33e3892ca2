"""Projections: shapes, seeds, small inputs, placing new states."""

from pathlib import Path

import numpy as np
import openTSNE
import pytest
from sklearn import decomposition

from benchmarks.synthetic import walks, write_states
from hsvis.build import projecting
from hsvis.build.projecting import embed, label, placer
from hsvis.config import PcaSettings, TsneSettings
from hsvis.run.states import LayerStates

TSNE = TsneSettings(method="tsne", perplexity=10)
PCA = PcaSettings(method="pca")


def clusters(count: int = 300, width: int = 6) -> np.ndarray:
    rng = np.random.default_rng(2)
    centres = rng.normal(scale=10, size=(3, width))
    return (centres[np.arange(count) % 3] + rng.normal(size=(count, width))).astype(np.float32)


def test_pca_equals_a_singular_value_decomposition() -> None:
    states = clusters()
    found = embed(states, PCA)
    centred = states - states.mean(0)
    _, scale, axes = np.linalg.svd(centred.astype(float), full_matrices=False)
    expected = centred @ axes[:2].T
    np.testing.assert_allclose(np.abs(found.xy), np.abs(expected), atol=1e-3)
    shares = scale**2 / (scale**2).sum()
    np.testing.assert_allclose(found.details["explained_variance"], shares[:2], rtol=1e-4)


@pytest.mark.parametrize("width", [1, 2, 30])
def test_pca_of_very_many_states_is_found_part_by_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    states = walks(60, 50, width) + 40  # far from the origin
    pca = decomposition.PCA(min(2, width), svd_solver="covariance_eigh")
    expected = pca.fit_transform(states.astype(float))
    monkeypatch.setattr(projecting, "PCA_AT_ONCE", 1000)
    monkeypatch.setattr(projecting, "PLACED_AT_ONCE", 400)
    told: list[int] = []
    layer = LayerStates(write_states(tmp_path, states), "rnn.0")
    found = embed(layer, PCA, lambda stage, done, total, note="": told.append(done))
    np.testing.assert_allclose(found.xy[:, : expected.shape[1]], expected, atol=1e-5)
    shares = found.details["explained_variance"]
    np.testing.assert_allclose(shares[: expected.shape[1]], pca.explained_variance_ratio_, atol=1e-6)
    assert (found.xy.shape, len(shares)) == ((3000, 2), 2)
    assert told[:-1] == sorted(told[:-1])


def test_states_in_files_are_projected_as_those_in_memory(tmp_path: Path) -> None:
    states = walks(30, 20, 6)
    layer = LayerStates(write_states(tmp_path, states, 150), "rnn.0")
    for settings in (TSNE, TSNE.model_copy(update={"max_fit": 200}), PCA):
        np.testing.assert_array_equal(embed(layer, settings).xy, embed(states, settings).xy)


def test_tsne_keeps_neighbours_together() -> None:
    states = clusters()
    xy = embed(states, TSNE).xy
    nearest = [np.argsort(((xy - p) ** 2).sum(1))[1:6] for p in xy]
    same = np.mean([np.mean(n % 3 == i % 3) for i, n in enumerate(nearest)])
    assert same > 0.98


@pytest.mark.parametrize("settings", [TSNE, PCA])
def test_the_same_seed_gives_the_same_coordinates_and_details(settings: TsneSettings | PcaSettings) -> None:
    first, again = embed(clusters(), settings), embed(clusters(), settings)
    assert first.xy.dtype == np.float32
    assert np.array_equal(first.xy, again.xy)
    assert first.details == again.details


@pytest.mark.parametrize("settings", [TSNE, PCA])
@pytest.mark.parametrize("count", [1, 2, 4, 5, 12])
@pytest.mark.parametrize("width", [1, 3])
def test_few_states_and_one_unit_have_a_place(
    settings: TsneSettings | PcaSettings, count: int, width: int
) -> None:
    found = embed(clusters(count, width), settings)
    assert found.xy.shape == (count, 2)
    assert np.isfinite(found.xy).all()
    assert len(found.details.get("explained_variance", [0, 0])) == 2


@pytest.mark.parametrize("settings", [TSNE, PCA])
def test_states_that_are_all_the_same_have_a_place(settings: TsneSettings | PcaSettings) -> None:
    assert np.isfinite(embed(np.ones((40, 4), np.float32), settings).xy).all()


def test_a_perplexity_too_large_is_lowered_and_reported() -> None:
    found = embed(clusters(31), TSNE.model_copy(update={"perplexity": 100.0}))
    assert found.details["perplexity"] == 10
    assert "lowered from 100 to 10: 31 states allow no more" in found.details["note"]


def test_progress_counts_up_to_its_total_with_the_divergence() -> None:
    told: list[tuple[int, int, str]] = []
    embed(clusters(), TSNE, lambda stage, done, total, note="": told.append((done, total, note)))
    counts = [done for done, _, _ in told]
    assert counts == sorted(counts)
    assert told[-1][0] == told[-1][1]
    assert sum("KL divergence" in note for _, _, note in told) > 20


@pytest.mark.parametrize("settings", [TSNE, PCA])
def test_states_of_the_run_placed_back_fall_near_themselves(settings: TsneSettings | PcaSettings) -> None:
    states = clusters(400)
    xy = embed(states, settings).xy
    placed = placer(states, xy, settings)(states[::7])
    extent = np.ptp(xy, axis=0).max()
    assert np.median(np.linalg.norm(placed - xy[::7], axis=1)) < 0.05 * extent


def test_new_states_are_placed_among_their_own_cluster() -> None:
    states = clusters(400)
    xy = embed(states[:370], TSNE).xy
    placed = placer(states[:370], xy, TSNE)(states[370:])
    assert placed.shape == (30, 2)
    assert placed.dtype == np.float32
    nearest = ((placed[:, None] - xy[None]) ** 2).sum(-1).argmin(1)
    assert np.mean(nearest % 3 == np.arange(370, 400) % 3) > 0.9


@pytest.mark.parametrize("settings", [TSNE, PCA])
def test_placing_nothing_and_the_wrong_width(settings: TsneSettings | PcaSettings) -> None:
    states = clusters(60)
    place = placer(states, embed(states, settings).xy, settings)
    assert place(np.empty((0, 6), np.float32)).shape == (0, 2)
    with pytest.raises(ValueError, match="6 values"):
        place(np.zeros((2, 5), np.float32))


def test_placing_into_a_run_of_one_state() -> None:
    assert placer(clusters(1), np.zeros((1, 2), np.float32), PCA)(clusters(3)).shape == (3, 2)


def test_labels_tell_what_was_done() -> None:
    assert label(TSNE, {"perplexity": 3.5}) == "t-SNE, perplexity 3.5"
    assert label(TSNE, {"explained_variance": [1, 0]}) == "PCA in place of t-SNE"


def test_labels_are_for_people() -> None:
    assert (label(TSNE), label(PCA)) == ("t-SNE, perplexity 10", "PCA")


@pytest.mark.parametrize("states_in_all", [200, 6])
def test_a_new_state_stands_where_its_ten_nearest_attract_it_alike(states_in_all: int) -> None:
    rng = np.random.default_rng(5)
    states, new = (rng.normal(size=(n, 4)).astype(np.float32) for n in (states_in_all, 20))
    xy = rng.normal(size=(states_in_all, 2)).astype(np.float32)
    placed = placer(states, xy, TSNE)(new)
    for one, place in zip(new, placed, strict=True):
        distance = np.linalg.norm(one - states, axis=1)
        nearest = distance.argsort()[:10]
        pull = distance[nearest] ** -2 / (1 + ((xy[nearest] - place) ** 2).sum(1))
        forces = pull[:, None] * (xy[nearest] - place)
        assert np.linalg.norm(forces.sum(0)) < 0.05 * np.linalg.norm(forces, axis=1).sum()


def test_tsne_starts_from_small_principal_components(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[np.ndarray] = []
    prepared = openTSNE.TSNE.prepare_initial

    def record(*arguments: object, **named: object) -> openTSNE.TSNEEmbedding:
        starts.append(np.array(made := prepared(*arguments, **named)))
        return made

    monkeypatch.setattr(openTSNE.TSNE, "prepare_initial", record)
    states = clusters(60)
    embed(states, TSNE)
    (start,) = starts
    assert start[:, 0].std() == pytest.approx(1e-4, rel=0.05)  # Kobak and Berens 2019
    components = decomposition.PCA(2).fit_transform(states)
    for axis in range(2):
        assert abs(np.corrcoef(start[:, axis], components[:, axis])[0, 1]) > 0.99
