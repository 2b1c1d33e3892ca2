"""Makes the pictures of README.md: `python docs/screenshots.py [FOLDER]`, with a Chromium on the PATH.

Builds the demos, made-up news of five classes and an example of one's own model where they are missing,
serves both, and photographs the page as a visitor sees it: the overview, and one sequence in detail.
"""

import contextlib
import os
import random
import re
import subprocess
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
from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.dashboard import create_app
from hsvis.progress import ConsoleProgress
from hsvis.run.store import StateStore

REVIEW = "run=demo&sequence=49&step=25&change-words=after"  # a negative review that a name turns positive
PICTURES = (
    ("digits", "run=digits&sequence={digit}&step=4", "light"),
    ("dates", "run=dates&sequence={date}&step=4", "light"),
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
        made = [build(load_config(one), ConsoleProgress()) for one in ("demo", config, "digits")]
    return [*made, _example("dates")]


def _example(name: str) -> StateStore:
    """One of the examples of bring-your-own-model.md, as it stands there."""
    document = Path(__file__).with_name("bring-your-own-model.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for file in (f"{name}.py", f"{name}.yaml"):
            found = re.search(rf"<!-- file: {re.escape(file)} -->\n```\w+\n(.*?)```", document, re.DOTALL)
            assert found is not None, file
            Path(file).write_text(found[1], encoding="utf-8")
        root = str(Path(__file__).resolve().parents[1])
        subprocess.run([sys.executable, f"{name}.py"], check=True, env=os.environ | {"PYTHONPATH": root})
        sys.path.append(folder)
        return build(load_config(f"{name}.yaml"), ConsoleProgress())


def _photograph(browser: Browser, address: str, query: str, theme: str, path: Path) -> None:
    scheme = "dark" if theme == "dark" else "light"
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{address}?{query}")
    wait_until_drawn(page)
    page.wait_for_function("() => hsvis.permalink.isRead() && hsvis.words.isSettled()")
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => hsvis.cloud.isSettled()")
    page.wait_for_timeout(400)  # the dimming of the cloud is a transition
    page.screenshot(path=path)
    context.close()


def _restless(store: StateStore) -> int:
    """The misclassified sequence whose answer changes most often."""
    misclassified = [k for k in range(store.n_sequences) if store.labels[k] != store.predicted[k]]
    return max(misclassified, key=lambda k: len(class_changes(store.sequence(k).ep)), default=0)


def main(folder: Path) -> None:
    """Writes the pictures."""
    stores = _build()
    _, news, digits, dates = stores
    chosen = {"wrong": _restless(news), "digit": _restless(digits), "date": dates.texts.index("04/26/2041")}
    server = make_server("127.0.0.1", 0, create_app(stores).server, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        for name, query, theme in PICTURES:
            address = f"http://127.0.0.1:{server.port}/"
            _photograph(browser, address, query.format(**chosen), theme, folder / f"{name}.png")
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("images"))
