"""States -> 2-D: t-SNE by openTSNE, PCA by scikit-learn; placing new states into an existing projection."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hsvis.build import placing
from hsvis.build.sample import cover
from hsvis.config import PcaSettings, ProjectionSettings, TsneSettings
from hsvis.progress import Progress, silent
from hsvis.run.states import States, chunks

ITERATIONS = 750  # of t-SNE, by openTSNE's default: 250 with early exaggeration, 500 without
PLACED_AT_ONCE = 50_000
PCA_AT_ONCE = 200_000  # states; of more, the components are found part by part
FEWEST = 5  # states; with fewer, neighbourhoods mean nothing and t-SNE gives way to PCA


@dataclass(frozen=True)
class Embedded:
    """A projection of all states of a layer.

    Attributes:
        xy: (N, 2) float32, in no particular unit.
        details: what was done, for the manifest: `perplexity` and `kl_divergence`, or
            `explained_variance`, and a `note` where a setting had to be adjusted; where states were placed,
            `fitted` and `placed`, numbers of states, and `placed_by`.
        fitted: (N,) bool, which states the projection was fitted to; None = all of them.
    """

    xy: np.ndarray
    details: dict[str, Any]
    fitted: np.ndarray | None = None


def embed(
    states: States,
    settings: ProjectionSettings,
    progress: Progress = silent,
    *,
    groups: np.ndarray | None = None,
    steps: np.ndarray | None = None,
) -> Embedded:
    """Projects states.  The same states, settings and number of cores give the same coordinates.

    t-SNE of more than `max_fit` states is fitted to a sample that covers them all (`sample.cover`);
    the others are placed among their nearest neighbours in it (`placing.place`).

    Args:
        states: (N, H) float32, N >= 1; of very many, no more than some are in memory at once.
        groups, steps: (N,) int, such as class and step of each state, which the sample is to cover.
    """
    if isinstance(states, np.ndarray):
        states = np.ascontiguousarray(states, np.float32)
    if isinstance(settings, TsneSettings):
        if settings.max_fit is None or len(states) <= settings.max_fit:
            return _tsne(states[:], settings, progress)[0]
        none = np.zeros(len(states), np.int64)
        rows = cover(
            states, none if groups is None else groups, none if steps is None else steps,
            settings.max_fit, settings.seed,
        )  # fmt: skip
        return _of_sample(states, rows, settings, progress)
    progress(label(settings), 0, 1, f"{len(states):,} states")
    embedded = (
        _pca(states[:], settings.seed)
        if len(states) <= PCA_AT_ONCE
        else _pca_of_parts(states, lambda done: progress(label(settings), done, 2 * len(states)))
    )
    progress(
        label(settings),
        1,
        1,
        "explained variance " + " and ".join(f"{v:.0%}" for v in embedded.details["explained_variance"]),
    )
    return embedded


def _of_sample(states: States, rows: np.ndarray, settings: TsneSettings, progress: Progress) -> Embedded:
    """Fits some rows and places the others."""
    fitted, embedding = _tsne(states[rows], settings, progress)
    xy = np.empty((len(states), 2), np.float32)
    xy[rows] = fitted.xy
    rest = np.setdiff1d(np.arange(len(states)), rows, assume_unique=True)
    for begin in range(0, len(rest), PLACED_AT_ONCE):
        progress("placing states", begin, len(rest), f"by their neighbours among {len(rows):,}")
        chunk = rest[begin : begin + PLACED_AT_ONCE]
        xy[chunk] = placing.place(embedding, states[chunk])
    progress("placing states", len(rest), len(rest), f"by their neighbours among {len(rows):,}")
    done = {"fitted": len(rows), "placed": len(rest), "placed_by": placing.METHOD}
    is_fitted = np.zeros(len(states), bool)
    is_fitted[rows] = True
    return Embedded(xy, fitted.details | done, is_fitted)


def label(settings: ProjectionSettings, details: Mapping[str, Any] | None = None) -> str:
    """The projection's name for people: of what was done, once `details` tell it."""
    if isinstance(settings, PcaSettings):
        return "PCA"
    if details is not None and "perplexity" not in details:
        return "PCA in place of t-SNE"
    return f"t-SNE, perplexity {(details or {}).get('perplexity', settings.perplexity):.4g}"


def placer(
    states: np.ndarray, xy: np.ndarray, settings: ProjectionSettings
) -> Callable[[np.ndarray], np.ndarray]:
    """Prepares an existing projection to take in new states: place(new (M, H)) -> (M, 2) float32.

    PCA is exact.  For t-SNE each new state stands among its nearest neighbours, as `placing.place` says.

    Args:
        states: (N, H) float32 and xy: (N, 2) float32, as `embed` took and gave them.
    """
    states = np.ascontiguousarray(states, np.float32)
    if isinstance(settings, PcaSettings) or len(states) < FEWEST:
        project, _ = _principal(states, settings.seed)
        return lambda new: project(_check_shape(new, states))
    import openTSNE  # noqa: PLC0415  (a second and a half)

    jobs = os.cpu_count() or 1
    index = openTSNE.affinity.PerplexityBasedNN(
        states, _perplexity(placing.NEIGHBOURS / 3, len(states)), n_jobs=jobs, random_state=settings.seed
    )
    fitted = openTSNE.TSNEEmbedding(xy.astype(np.float64), index, n_jobs=jobs)

    def place(new: np.ndarray) -> np.ndarray:
        new = _check_shape(new, states)
        return placing.place(fitted, new) if len(new) else np.empty((0, 2), np.float32)

    return place


def _check_shape(new: np.ndarray, states: np.ndarray) -> np.ndarray:
    if new.ndim != 2 or new.shape[1] != states.shape[1]:
        raise ValueError(f"`new` has shape {new.shape}, but states have {states.shape[1]} values each")
    return np.ascontiguousarray(new, np.float32)


def _principal(states: np.ndarray, seed: int) -> tuple[Callable[[np.ndarray], np.ndarray], list[float]]:
    """Projection onto the two principal components, and the share of the variance each explains."""
    from sklearn.decomposition import PCA  # noqa: PLC0415  (a second)

    if len(states) == 1:  # no direction: everything is where this one is
        return (lambda new: np.zeros((len(new), 2), np.float32)), [0.0, 0.0]
    kept = min(2, *states.shape)
    # solver and seed fixed; signs are made deterministic by scikit-learn
    pca = PCA(kept, svd_solver="covariance_eigh", random_state=seed)
    with np.errstate(invalid="ignore"):  # states that are all the same have no variance to share out
        pca.fit(states)
    total = float(states.var(0, ddof=1, dtype=np.float64).sum())
    shares = [float(v) / total if total > 0 else 0.0 for v in pca.explained_variance_]
    explained = shares + [0.0] * (2 - kept)

    def project(new: np.ndarray) -> np.ndarray:
        xy = np.zeros((len(new), 2), np.float32)
        if len(new):
            xy[:, :kept] = pca.transform(new)
        return xy

    return project, explained


def _pca(states: np.ndarray, seed: int) -> Embedded:
    project, explained = _principal(states, seed)
    return Embedded(project(states), {"explained_variance": explained})


def _pca_of_parts(states: States, tell: Callable[[int], object]) -> Embedded:
    """PCA as of all states at once, but in two passes over parts of them, by sums in float64.

    Args:
        tell: called with the number of states that were read, up to 2 × N.
    """
    n, width = states.shape
    origin = states[:PLACED_AT_ONCE].mean(0, dtype=np.float64)  # near the mean, so that sums stay small
    total, products = np.zeros(width), np.zeros((width, width))
    for begin, chunk in chunks(states, PLACED_AT_ONCE):
        tell(begin)
        centred = chunk - origin  # float64
        total += centred.sum(0)
        products += centred.T @ centred
    mean = total / n
    variances, vectors = np.linalg.eigh((products - n * np.outer(mean, mean)) / (n - 1))  # ascending
    axes = vectors[:, ::-1][:, :2]  # (H, 1 or 2)
    axes *= np.sign(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])])  # scikit-learn's choice of signs
    xy = np.zeros((n, 2), np.float32)
    for begin, chunk in chunks(states, PLACED_AT_ONCE):
        tell(n + begin)
        xy[begin : begin + len(chunk), : axes.shape[1]] = (chunk - (origin + mean)) @ axes
    largest, sum_ = np.maximum(variances[::-1][:2], 0), float(variances.sum())
    shares = [float(v) / sum_ if sum_ > 0 else 0.0 for v in largest]
    return Embedded(xy, {"explained_variance": shares + [0.0] * (2 - len(shares))})


def _perplexity(wanted: float, count: int) -> float:
    """t-SNE needs three neighbours for each unit of perplexity."""
    return float(min(wanted, (count - 1) / 3))


def _tsne(states: np.ndarray, settings: TsneSettings, progress: Progress) -> tuple[Embedded, Any]:
    """The projection, and the TSNEEmbedding; None where there are too few states for one."""
    if len(states) < FEWEST:
        flat = _pca(states, settings.seed)
        note = f"{len(states)} states are too few for t-SNE; shown by PCA"
        return Embedded(flat.xy, flat.details | {"note": note}), None
    import openTSNE  # noqa: PLC0415  (a second and a half)

    perplexity = _perplexity(settings.perplexity, len(states))
    details: dict[str, Any] = {"perplexity": perplexity}
    if perplexity < settings.perplexity:
        details["note"] = (
            f"perplexity lowered from {settings.perplexity:g} to {perplexity:g}: "
            f"{len(states)} states allow no more"
        )
    stage = label(settings)
    progress(stage, 0, ITERATIONS, f"{len(states):,} states: finding neighbours")
    tsne = openTSNE.TSNE(
        perplexity=perplexity,
        n_jobs=os.cpu_count() or 1,
        random_state=settings.seed,
        callbacks=_report(stage, progress),
        callbacks_every_iters=25,
    )
    embedding = tsne.fit(states, initialization=_initial(states, settings.seed))
    details["kl_divergence"] = round(float(embedding.kl_divergence), 6)  # beyond that, threads decide
    progress(stage, ITERATIONS, ITERATIONS, f"KL divergence {details['kl_divergence']:.3f}")
    return Embedded(np.asarray(embedding, np.float32), details), embedding


def _report(stage: str, progress: Progress) -> Callable[[int, float, Any], None]:
    """Tells openTSNE's iterations, which begin again after the early exaggeration, as one count."""
    last = offset = 0

    def report(iteration: int, error: float, _: Any) -> None:
        nonlocal last, offset
        offset += last if iteration < last else 0
        last = iteration
        # the end is told once the embedding is there
        progress(stage, min(offset + iteration, ITERATIONS - 1), ITERATIONS, f"KL divergence {error:.3f}")

    return report


def _initial(states: np.ndarray, seed: int) -> np.ndarray:
    """Principal components, shrunk to a standard deviation of 1e-4 (Kobak and Berens 2019), with jitter.

    Not `openTSNE.initialization.pca`: it draws other jitter, so that the same seed would give another map;
    it raises an error for states of one unit, and gives NaN for states that are all the same.
    """
    xy = _pca(states, seed).xy.astype(np.float64)
    spread = xy[:, 0].std()
    jitter = np.random.default_rng(seed).normal(scale=1e-6, size=xy.shape)
    return xy * (1e-4 / spread if spread > 0 else 0.0) + jitter
