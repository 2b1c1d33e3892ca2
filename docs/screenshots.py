"""Makes the pictures of README.md: `python docs/screenshots.py [FOLDER]`, with a Chromium on the PATH.

Builds the demo (reviews of two classes) and a made-up run of news of five classes where they are missing,
serves both, and photographs the page as a visitor sees it: the overview, and one sequence in detail.
"""

import random
import sys
import tempfile
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import Browser
from werkzeug.serving import make_server

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.chromium import launched, wait_until_drawn
from hsvis.analysis.steps import class_changes
from hsvis.config import load_config
from hsvis.dashboard import create_app
from hsvis.pipeline import build
from hsvis.progress import ConsoleProgress
from hsvis.store import StateStore

REVIEW = "run=demo&sequence=49&step=25&change-words=after"  # a negative review that a name turns positive
PICTURES = (
    ("demo-overview", "run=demo", "light"),
    ("demo-light", REVIEW, "light"),
    ("demo-dark", REVIEW, "dark"),
    ("news-overview", "run=news&flip-words=after&marks=end", "light"),
    ("news-detail", "run=news&sequence={wrong}&flip-words=after,before", "light"),
)
TOPICS = {
    "harvest": "wheat maize acreage tonnes barley crop harvest rainfall granary silo",
    "energy": "crude barrels refinery pipeline output drilling fuel tanker reserves well",
    "currency": "dollar yen parity intervention deposit rates central bank liquidity bond",
    "takeover": "bid stake merger tender offer shareholders board acquire subsidiary deal",
    "results": "profit quarter loss dividend revenue earnings per share forecast net",
}
COMMON = (
    "the a said on in of for with officials company would more after its year last expected statement today "
    "rose fell market analysts spokesman week report sources added still despite while between prices"
)


def _news(rng: random.Random, topic: str) -> str:
    """A few sentences that begin with common words, may touch another topic, and end in their own."""
    other = rng.choice([one for one in TOPICS if one != topic])
    words = []
    for part in range(rng.randint(3, 6)):
        own = TOPICS[topic if part or rng.random() < 0.5 else other].split()
        words += [
            rng.choice(own if rng.random() < 0.3 else COMMON.split()) for _ in range(rng.randint(6, 11))
        ]
        words[-1] += "."
    return " ".join(words).capitalize()


def _write_news(folder: Path) -> None:
    rng = random.Random(7)
    for split, count in (("train", 1500), ("test", 300)):
        labels = [rng.choice(list(TOPICS)) for _ in range(count)]
        texts = [_news(rng, label if rng.random() < 0.96 else rng.choice(list(TOPICS))) for label in labels]
        pq.write_table(pa.table({"text": texts, "label": labels}), folder / f"{split}.parquet")


def _build() -> list[StateStore]:
    with tempfile.TemporaryDirectory() as folder:
        _write_news(Path(folder))
        config = Path(folder) / "news.yaml"
        config.write_text(
            "name: news\n"
            "dataset:\n  path: parquet\n"
            f"  data_files: {{train: {folder}/train.parquet, test: {folder}/test.parquet}}\n"
            "model: {cell: lstm, embedding: 32, hidden: 20, epochs: 8}\n"
            "projections: [{method: tsne, perplexity: 50}, {method: pca}]\n",
            encoding="utf-8",
        )
        return [build(load_config(one), ConsoleProgress()) for one in ("demo", config)]


def _photograph(browser: Browser, address: str, query: str, theme: str, path: Path) -> None:
    scheme = "dark" if theme == "dark" else "light"
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{address}?{query}")
    wait_until_drawn(page)
    page.wait_for_function("hsvis.permalink.isRead() && hsvis.words.isSettled()")
    page.wait_for_load_state("networkidle")
    page.wait_for_function("hsvis.cloud.isSettled()")
    page.wait_for_timeout(400)  # the dimming of the cloud is a transition
    page.screenshot(path=path)
    context.close()


def main(folder: Path) -> None:
    """Writes the pictures."""
    stores = _build()
    news = stores[1]
    misclassified = [k for k in range(news.n_sequences) if news.labels[k] != news.predicted[k]]
    wrong = max(misclassified, key=lambda k: len(class_changes(news.sequence(k).ep)), default=0)
    server = make_server("127.0.0.1", 0, create_app(stores).server, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        for name, query, theme in PICTURES:
            address = f"http://127.0.0.1:{server.port}/"
            _photograph(browser, address, query.format(wrong=wrong), theme, folder / f"{name}.png")
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("images"))
