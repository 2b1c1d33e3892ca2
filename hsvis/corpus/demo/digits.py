"""The second demo: scikit-learn's handwritten digits, read row by row."""

from dataclasses import dataclass

import numpy as np

from hsvis.corpus.series import Series

CLASSES = tuple("0123456789")
TEST = 360  # of the 1,797 images


@dataclass(frozen=True)
class Images:
    """Some of the images as series of 8 rows of 8 values, 0 (paper) to 16 (ink)."""

    series: list[Series]
    labels: list[int]


def images(seed: int) -> tuple[Images, Images]:
    """The images to train on and those to test, drawn by the seed.

    Source: E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning
    Repository, 1998, the test set, as it comes with scikit-learn.
    """
    from sklearn.datasets import load_digits  # noqa: PLC0415  (a second)

    loaded = load_digits()
    order = np.random.default_rng(seed).permutation(len(loaded.target))
    rows = tuple(f"row {k}" for k in range(loaded.images.shape[1]))

    def chosen(at: np.ndarray) -> Images:
        return Images(
            [
                Series(loaded.images[i].astype(np.float32), rows, f"image {i} of scikit-learn")
                for i in at.tolist()
            ],
            loaded.target[at].tolist(),
        )

    return chosen(order[TEST:]), chosen(order[:TEST])
