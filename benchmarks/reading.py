"""The words of a training split: read from the texts, and from the file in which they are kept."""

import tempfile
from pathlib import Path

from benchmarks.timing import compare
from hsvis.config import load_config
from hsvis.corpus.loading import load_corpus
from hsvis.corpus.word_files import read_or_split_words, words_file


def run(*, smoke: bool, data: Path) -> None:
    """IMDB's training split; the demo's where there is no IMDB, and for the small size."""
    imdb = data / "imdb"
    files = [f"dataset.data_files.{split}={imdb / split}.parquet" for split in ("train", "test")]
    real = not smoke and imdb.exists()
    split = load_corpus(
        load_config(*(("imdb", ["dataset.path=parquet", *files]) if real else ("demo",))).dataset
    ).train
    with tempfile.TemporaryDirectory() as folder:
        path = words_file(Path(folder), split, lowercase=True)

        def again() -> None:
            path.unlink(missing_ok=True)
            read_or_split_words(path, split, lowercase=True, places=False)

        print(f"  {len(split):,} texts")
        compare(
            ("read from the texts, and kept", again),
            ("read from the file", lambda: read_or_split_words(path, split, lowercase=True, places=False)),
            rounds=2 if smoke else 5,
        )
