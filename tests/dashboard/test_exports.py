"""Files to download, read back as a script does and compared with the files of the run."""

import csv
import io
import itertools
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dash import Dash, html
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hsvis.build.pipeline import build
from hsvis.catalogue.runs import Runs
from hsvis.config import load_config
from hsvis.dashboard.content import export_tables, step_columns
from hsvis.dashboard.content.filters import Filters
from hsvis.dashboard.content.table_pages import Pages
from hsvis.dashboard.routes import exports
from hsvis.run.folder import RunFolder
from hsvis.run.store import StateStore

CLASSES = ["dull", 'mid,"dling"', "=<i>shine</i>"]
ODD = [
    'the <script>alert("x")</script> plot, "so dull"\nand\r\nthen <b>dull</b>',
    "مرحبا بالعالم هذا فيلم جميل shine",
    "emoji 😀 and 🏳️‍🌈 and a tab\tand\na line, middling",
    "=1+1 +2 -3 @SUM(A1) , ; ' \" '' \"\" dull",
    "\t= nan NaN null NA None inf 1e5 shine",
    " spaces  before and after middling ",
    "nobody said what this film is",
]
RUN_FILES = ["class-overview.csv", "confusion-matrix.csv", "projection.csv", "sequences.csv"]
SEQUENCE_FILES = ["ep-heatmap.csv", "distances.csv", "confidence.csv", "unit-activity.csv", "sequence.csv"]


@pytest.fixture(scope="module")
def odd_store(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> StateStore:
    """A small run of three oddly named classes on odd texts, the last one without a label."""
    folder = tmp_path_factory.mktemp("odd-exports")
    verdicts = ["dull", "middling", "shine"]
    train = [
        {"text": f"a {filler} film that was {word}", "label": k}
        for k, word in enumerate(verdicts)
        for filler in ("long", "short", "new", "old", "quiet", "loud", "first", "last")
    ]
    labels = [0, 2, 1, 0, 2, 1, -1]
    test = [{"text": text, "label": label} for text, label in zip(ODD, labels, strict=True)]
    for name, rows in (("train", train * 3), ("test", test)):
        pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
    config = folder / "odd.yaml"
    config.write_text(
        f"""
name: odd-exports
dataset:
  path: parquet
  data_files: {{train: {folder}/train.parquet, test: {folder}/test.parquet}}
  classes: {json.dumps(CLASSES)}
tokens: {{max_length: 6}}
model: {{embedding: 8, hidden: 8, epochs: 12, batch_size: 8, learning_rate: 0.02, word_dropout: 0.0}}
projections:
  - {{method: pca}}
""",
        encoding="utf-8",
    )
    return build(load_config(config))


def app_of(*stores: StateStore, prefix: str | None = None) -> FlaskClient:
    app = Dash("hsvis", url_base_pathname=prefix, compress=True)
    app.layout = html.Div()
    exports.register(app, Runs(stores), Pages(Filters()))
    return app.server.test_client()


@pytest.fixture(scope="module")
def client(demo_store: StateStore, odd_store: StateStore) -> FlaskClient:
    return app_of(demo_store, odd_store)


@pytest.fixture(params=["demo", "odd"])
def store(request: pytest.FixtureRequest, demo_store: StateStore, odd_store: StateStore) -> StateStore:
    return {"demo": demo_store, "odd": odd_store}[request.param]


def address(store: StateStore, name: str) -> str:
    return f"/export/{store.name}/{store.layers[0]}/{store.projections(store.layers[0])[-1].name}/{name}"


def ask(client: FlaskClient, store: StateStore, name: str, **query: object) -> TestResponse:
    return client.get(address(store, name), query_string=query)


def read(answer: TestResponse) -> list[list[str]]:
    """The cells, the header first, as Python's own csv reader finds them."""
    assert (answer.status_code, answer.content_type) == (200, "text/csv; charset=utf-8")
    assert not answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.data.endswith(b"\r\n")
    rows = list(csv.reader(io.StringIO(answer.data.decode(), newline=""), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}
    return rows


def columns(answer: TestResponse) -> dict[str, list[str]]:
    header, *rows = read(answer)
    assert len(set(header)) == len(header)
    return {name: [row[i] for row in rows] for i, name in enumerate(header)}


def float32(cells: list[str]) -> np.ndarray:
    return np.array([cell or "nan" for cell in cells], dtype=np.str_).astype(np.float32)


class Files:
    """The tables of a run as pandas reads them."""

    def __init__(self, store: StateStore) -> None:
        folder, layer = store.folder, store.layers[0]
        self.sequences = pd.read_parquet(folder.sequences)
        self.ep = pd.read_parquet(folder.predictions)
        parts = sorted(folder.states(layer, 0).parent.glob("*.parquet"))
        self.states = pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)
        self.xy = pd.read_parquet(folder.embedding(layer, store.projections(layer)[-1].name))
        self.classes = np.array(store.classes)

    def steps(self, index: int) -> dict[str, Any]:
        """All of one sequence: tokens, (T, C) EPs, (T, H) states, (T,) distances and coordinates."""
        row = self.sequences.iloc[index]
        states = self.states[self.states["sequence"] == index]
        xy = self.xy[self.xy["sequence"] == index]
        ep = np.stack(self.ep[self.ep["sequence"] == index]["ep"].tolist())
        distance = states["distance"].to_numpy()
        return {
            "token": list(row["tokens"]),
            "known": list(row["known"]),
            "ep": ep,
            "winner": self.classes[ep.argmax(axis=1)].tolist(),
            "state": np.stack(states["state"].tolist()),
            "distance": distance,
            "share": distance / self.states["distance"].max(),
            "x": xy["x"].to_numpy(),
            "y": xy["y"].to_numpy(),
        }


def assert_eps(told: dict[str, list[str]], ep: np.ndarray, classes: tuple[str, ...]) -> None:
    """Every EP is the very float32 of the file."""
    for k, name in enumerate(classes):
        np.testing.assert_array_equal(float32(told[f"EP {name}"]), ep[:, k])


def yes_no(truths: Any) -> list[str]:
    return ["yes" if truth else "no" for truth in truths]


def test_class_overview_counts_what_each_class_was_taken_for(client: FlaskClient, store: StateStore) -> None:
    header, *rows = read(ask(client, store, "class-overview.csv"))
    table = Files(store).sequences
    names = [*store.classes, ""]  # label -1 is the last
    expected = Counter(
        (names[label], names[k]) for label, k in zip(table["label"], table["predicted"], strict=True)
    )
    assert header == ["actual", "predicted", "sequences"]
    assert {(actual, predicted): int(n) for actual, predicted, n in rows} == expected
    actual = [row[0] for row in rows]
    assert actual == sorted(actual, key=names.index)
    for name in store.classes:
        parts = [row[1] for row in rows if row[0] == name]
        assert name not in parts[1:]  # correct ones first


def test_confusion_matrix_has_a_column_for_each_predicted_class(
    client: FlaskClient, store: StateStore
) -> None:
    header, *rows = read(ask(client, store, "confusion-matrix.csv"))
    table = Files(store).sequences
    assert header == ["actual", *store.classes]
    labels = [*range(store.n_classes), *([-1] if (table["label"] < 0).any() else [])]
    assert [row[0] for row in rows] == [store.classes[k] if k >= 0 else "" for k in labels]
    expected = [
        [int(((table["label"] == a) & (table["predicted"] == k)).sum()) for k in range(store.n_classes)]
        for a in labels
    ]
    assert [[int(cell) for cell in row[1:]] for row in rows] == expected


def test_projection_has_every_state(client: FlaskClient, store: StateStore) -> None:
    told, files = columns(ask(client, store, "projection.csv")), Files(store)
    assert list(told)[:6] == ["sequence", "step", "token", "x", "y", "winning class"]
    assert [int(cell) for cell in told["sequence"]] == files.ep["sequence"].tolist()
    assert [int(cell) for cell in told["step"]] == files.ep["step"].tolist()
    assert told["token"] == [token for tokens in files.sequences["tokens"] for token in tokens]
    np.testing.assert_array_equal(float32(told["x"]), files.xy["x"].to_numpy())
    np.testing.assert_array_equal(float32(told["y"]), files.xy["y"].to_numpy())
    ep = np.stack(files.ep["ep"].tolist())
    assert told["winning class"] == files.classes[ep.argmax(axis=1)].tolist()
    assert_eps(told, ep, store.classes)


def test_projection_can_be_read_by_pandas(client: FlaskClient, demo_store: StateStore) -> None:
    answer = ask(client, demo_store, "projection.csv")
    table = pd.read_csv(io.BytesIO(answer.data), keep_default_na=False)
    files = Files(demo_store)
    assert len(table) == demo_store.n_states
    for name in ("x", "y"):
        np.testing.assert_array_equal(table[name].astype(np.float32), files.xy[name])


def test_ep_heatmap_has_the_eps_of_the_sequence(client: FlaskClient, store: StateStore) -> None:
    for index in (0, store.n_sequences - 1):
        told = columns(ask(client, store, "ep-heatmap.csv", sequence=index))
        steps = Files(store).steps(index)
        assert list(told) == ["step", "token", *(f"EP {name}" for name in store.classes)]
        assert told["step"] == [str(step) for step in range(len(steps["token"]))]
        assert told["token"] == steps["token"]
        assert_eps(told, steps["ep"], store.classes)


def test_distances_have_none_at_step_0(client: FlaskClient, store: StateStore) -> None:
    told, steps = columns(ask(client, store, "distances.csv", sequence=1)), Files(store).steps(1)
    assert list(told) == ["step", "token", "distance", step_columns.SHARE]
    assert (told["distance"][0], told[step_columns.SHARE][0]) == ("", "")
    np.testing.assert_array_equal(float32(told["distance"]), steps["distance"])
    np.testing.assert_allclose(float32(told[step_columns.SHARE]), steps["share"], rtol=1e-6)
    assert "" not in told["distance"][1:]


def test_confidence_tells_where_the_winning_class_changes(client: FlaskClient, store: StateStore) -> None:
    n_changes = 0
    for index in range(7):
        told = columns(ask(client, store, "confidence.csv", sequence=index))
        steps = Files(store).steps(index)
        assert list(told) == ["step", "token", "classification", "confidence", "changed"]
        winners = steps["winner"]
        assert told["classification"] == winners
        np.testing.assert_array_equal(float32(told["confidence"]), steps["ep"].max(axis=1))
        assert told["changed"] == yes_no(t > 0 and winners[t] != winners[t - 1] for t in range(len(winners)))
        n_changes += told["changed"].count("yes")
    assert n_changes > 0


def test_unit_activity_has_a_column_for_each_unit(client: FlaskClient, store: StateStore) -> None:
    index = store.n_sequences - 1
    told = columns(ask(client, store, "unit-activity.csv", sequence=index))
    states = Files(store).steps(index)["state"]
    assert list(told) == ["step", "token", *(f"unit {j}" for j in range(states.shape[1]))]
    for j in range(states.shape[1]):
        np.testing.assert_array_equal(float32(told[f"unit {j}"]), states[:, j])


def test_sequence_has_all_values_of_its_steps(client: FlaskClient, store: StateStore) -> None:
    told, steps = columns(ask(client, store, "sequence.csv", sequence=2)), Files(store).steps(2)
    eps = [f"EP {name}" for name in store.classes]
    values = ["winning class", "distance", step_columns.SHARE, "x", "y"]
    assert list(told) == ["step", "token", "known", *eps, *values]
    assert told["token"] == steps["token"]
    assert told["known"] == yes_no(steps["known"])
    assert told["winning class"] == steps["winner"]
    assert_eps(told, steps["ep"], store.classes)
    for name in ("distance", "x", "y"):
        np.testing.assert_array_equal(float32(told[name]), steps[name])
    np.testing.assert_allclose(float32(told[step_columns.SHARE]), steps["share"], rtol=1e-6)


def test_sequence_as_json_has_its_facts_and_all_values(client: FlaskClient, store: StateStore) -> None:
    files = Files(store)
    for index in (0, store.n_sequences - 1):
        answer = ask(client, store, "sequence.json", sequence=index)
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        told, row, steps = json.loads(answer.data), files.sequences.iloc[index], files.steps(index)
        listed = told.pop("steps")
        known = row["label"] >= 0
        assert np.float32(told.pop("confidence")) == row["confidence"]
        assert told == {
            "run": store.name,
            "layer": store.layers[0],
            "projection": store.projections(store.layers[0])[-1].name,
            "sequence": index,
            "text": row["text"],
            "label": store.classes[row["label"]] if known else None,
            "predicted": store.classes[row["predicted"]],
            "correct": bool(row["label"] == row["predicted"]) if known else None,
            "classes": list(store.classes),
        }
        assert [step["step"] for step in listed] == list(range(len(steps["token"])))
        assert [step["token"] for step in listed] == steps["token"]
        assert [step["known"] for step in listed] == steps["known"]
        assert [step["winning_class"] for step in listed] == steps["winner"]
        np.testing.assert_array_equal(np.array([step["ep"] for step in listed], np.float32), steps["ep"])
        for name in ("distance", "x", "y"):
            values = np.array([step[name] for step in listed], dtype=np.float32)  # None is NaN
            np.testing.assert_array_equal(values, steps[name])
        assert (listed[0]["distance"], listed[0]["distance_share"]) == (None, None)
        shares = np.array([step["distance_share"] for step in listed], dtype=np.float32)
        np.testing.assert_allclose(shares, steps["share"], rtol=1e-6)


def test_odd_run_is_odd(odd_store: StateStore) -> None:
    assert set(odd_store.labels.tolist()) == {-1, 0, 1, 2}
    assert Files(odd_store).sequences["text"].tolist() == ODD


def test_sequences_are_all_there_with_their_whole_texts(client: FlaskClient, store: StateStore) -> None:
    told, table = columns(ask(client, store, "sequences.csv")), Files(store).sequences
    assert list(told) == ["id", "class", "classification", "correct", "confidence", "length", "text"]
    names = [*store.classes, ""]
    labels, predicted = table["label"].tolist(), table["predicted"].tolist()
    assert told["id"] == [str(index) for index in range(store.n_sequences)]
    assert told["class"] == [names[label] for label in labels]
    assert told["classification"] == [names[k] for k in predicted]
    assert told["correct"] == [
        "" if label < 0 else "yes" if label == k else "no" for label, k in zip(labels, predicted, strict=True)
    ]
    np.testing.assert_array_equal(float32(told["confidence"]), table["confidence"].to_numpy())
    assert [int(cell) for cell in told["length"]] == table["length"].tolist()
    assert told["text"] == table["text"].tolist()


@pytest.mark.parametrize("wanted", [[3, 0, 5], [6], []])
def test_sequences_come_in_the_order_asked_for(
    client: FlaskClient, odd_store: StateStore, wanted: list[int]
) -> None:
    listed = columns(ask(client, odd_store, "sequences.csv", sequences=",".join(map(str, wanted))))
    posted = columns(client.post(address(odd_store, "sequences.csv"), json={"sequences": wanted}))
    assert listed == posted
    assert [int(cell) for cell in listed["id"]] == wanted
    assert listed["text"] == [ODD[index] for index in wanted]


def test_whole_list_can_be_posted_even_indented(client: FlaskClient, demo_store: StateStore) -> None:
    wanted = list(range(demo_store.n_sequences))[::-1]
    body = json.dumps({"sequences": wanted}, indent=8)
    told = columns(client.post(address(demo_store, "sequences.csv"), data=body))
    assert [int(cell) for cell in told["id"]] == wanted


def test_a_table_is_made_piece_by_piece() -> None:
    endless = export_tables.Table(["n"], ([n] for n in itertools.count()))
    chunks = exports.csv_chunks(endless, chunk_values=3)
    assert [next(chunks), next(chunks)] == [b"n\r\n0\r\n1\r\n", b"2\r\n3\r\n4\r\n"]


def test_large_files_are_streamed_even_to_those_who_take_compressed_ones(
    client: FlaskClient, demo_store: StateStore
) -> None:
    whole = ask(client, demo_store, "projection.csv").data
    for encoding in ("identity", "gzip, deflate, br, zstd"):
        answer = client.get(address(demo_store, "projection.csv"), headers={"Accept-Encoding": encoding})
        assert answer.is_streamed
        assert "Content-Length" not in answer.headers
        assert answer.data == whole
    with app_of(demo_store) as other:
        view = Runs([demo_store]).resolve({"projection": demo_store.projections("rnn.0")[-1].name})
        table = export_tables.projection(view)
        chunks = list(exports.csv_chunks(table, chunk_values=100 * len(table.header)))
        assert len(chunks) == -(-(demo_store.n_states + 1) // 100)
        assert b"".join(chunks) == other.get(address(demo_store, "projection.csv")).data


@pytest.mark.parametrize("name", [*RUN_FILES, *SEQUENCE_FILES, "sequence.json"])
def test_files_are_kept_under_a_plain_name(client: FlaskClient, odd_store: StateStore, name: str) -> None:
    answer = ask(client, odd_store, name, sequence=3)
    stem = f"odd-exports-rnn.0-{odd_store.projections('rnn.0')[-1].name}"
    of_one = {"sequence.csv": "sequence-3.csv", "sequence.json": "sequence-3.json"}
    of_one |= {other: f"sequence-3-{other}" for other in SEQUENCE_FILES if other not in of_one}
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{stem}-{of_one.get(name, name)}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def assert_refused(answer: TestResponse, status: int, named: str) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "text/plain")
    assert named in answer.text
    assert answer.text.count("\n") == 1
    assert len(answer.text) < 300


@pytest.mark.parametrize(
    ("sequence", "status"),
    [
        *((wrong, 400) for wrong in (None, "", "-1", "1.5", "one", "٣", "9" * 5000)),
        *((beyond, 404) for beyond in ("40", "9" * 18)),
    ],
)
@pytest.mark.parametrize("name", [*SEQUENCE_FILES, "sequence.json"])
def test_a_sequence_that_does_not_exist_is_refused_in_a_line(
    client: FlaskClient, demo_store: StateStore, name: str, sequence: str | None, status: int
) -> None:
    query = {} if sequence is None else {"sequence": sequence}
    assert_refused(ask(client, demo_store, name, **query), status, "sequence")


@pytest.mark.parametrize(
    ("listed", "status"), [("0,x", 400), ("-1", 400), ("0,99", 404), (",".join(["0"] * 41), 400)]
)
def test_a_list_of_what_does_not_exist_is_refused_in_a_line(
    client: FlaskClient, demo_store: StateStore, listed: str, status: int
) -> None:
    assert_refused(ask(client, demo_store, "sequences.csv", sequences=listed), status, "sequence")


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ("", 400, "JSON"),
        ("[1, 2]", 400, "JSON"),
        ("{}", 400, "JSON"),
        ('{"sequences": 3}', 400, "JSON"),
        ('{"sequences": [0, ', 400, "JSON"),
        (b"\xff\xfe", 400, "JSON"),
        ('{"sequences": [true]}', 400, "True"),
        ('{"sequences": [0.5]}', 400, "0.5"),
        ('{"sequences": [-1]}', 400, "-1"),
        ('{"sequences": [[0]]}', 400, "[0]"),
        ('{"sequences": [null]}', 400, "None"),
        ('{"sequences": [40]}', 404, "40"),
        (json.dumps({"sequences": [0] * 41}), 400, "41"),
        ("[" * 1200, 400, "JSON"),
        ('{"sequences": [' + "0, " * 100_000 + "0]}", 400, "longer"),
    ],
)
def test_a_posted_body_that_is_no_list_of_ids_is_refused_in_a_line(
    client: FlaskClient, demo_store: StateStore, body: str | bytes, status: int, named: str
) -> None:
    assert_refused(client.post(address(demo_store, "sequences.csv"), data=body), status, named)


@pytest.mark.parametrize(
    "path",
    [
        "{run}/{layer}/{projection}/everything.csv",
        "{run}/{layer}/{projection}/projection.json",
        "{run}/{layer}/nothing/projection.csv",
        "{run}/rnn.9/{projection}/projection.csv",
        "other/{layer}/{projection}/sequences.csv",
        "other/{layer}/{projection}/ep-heatmap.csv",
    ],
)
def test_what_does_not_exist_is_not_found(client: FlaskClient, demo_store: StateStore, path: str) -> None:
    layer = demo_store.layers[0]
    names = {"run": demo_store.name, "layer": layer, "projection": demo_store.projections(layer)[0].name}
    answer = client.get(f"/export/{path.format(**names)}", query_string={"sequence": 0})
    assert_refused(answer, 404, "There is no")


def test_a_damaged_file_is_named(demo_store: StateStore, tmp_path: Path) -> None:
    copied = tmp_path / "run"
    shutil.copytree(demo_store.folder.path, copied)
    store = StateStore.open(RunFolder(copied))
    part = store.folder.states("rnn.0", 0)
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    client = app_of(store)
    answer = ask(client, store, "unit-activity.csv", sequence=0)
    assert (answer.status_code, answer.mimetype) == (409, "text/plain")
    assert "part-00000.parquet" in answer.text
    assert ask(client, store, "sequence.csv", sequence=0).status_code == 200  # needs no states


def test_exports_lie_under_the_prefix(demo_store: StateStore) -> None:
    client = app_of(demo_store, prefix="/some/where/")
    path = address(demo_store, "confusion-matrix.csv")
    assert client.get("/some/where" + path).status_code == 200
    assert client.get(path).status_code == 404
