"""The states nearest to a state, as the page's scripts and others ask for them."""

from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsvis.dashboard import create_app
from hsvis.run.store import StateStore


@pytest.fixture(scope="module")
def client(demo_store: StateStore) -> FlaskClient:
    return create_app([demo_store]).server.test_client()


def ask(client: FlaskClient, row: int, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/neighbours/demo/rnn.0/{row}", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def away(store: StateStore, row: int) -> np.ndarray:
    """(N,) distance of every state to one."""
    states = np.concatenate([store.states(index, "rnn.0") for index in range(store.n_sequences)])
    return np.linalg.norm(states.astype(float) - states[row], axis=1)


def test_the_nearest_states_of_other_sequences_are_described(
    client: FlaskClient, demo_store: StateStore
) -> None:
    row, name = 101, demo_store.projections("rnn.0")[1].name
    own, _ = demo_store.locate(row)
    found = ask(client, row, projection=name)
    distances = away(demo_store, row)
    assert len(found) == 10
    assert len({one["sequence"] for one in found} - {own}) == 10
    for one in found:
        sequence = demo_store.sequence(one["sequence"])
        step, at = one["step"], one["row"]
        assert demo_store.locate(at) == (one["sequence"], step)
        assert distances[at] == distances[sequence.rows].min()
        assert one["distance"] == pytest.approx(distances[at], abs=1e-3)
        assert one["share"] == pytest.approx(one["distance"] / demo_store.largest_distance("rnn.0"))
        tokens = sequence.tokens
        assert one["token"] == tokens[step]
        assert one["before"] == tokens[max(0, step - 4) : step]
        assert one["after"] == tokens[step + 1 : step + 5]
        assert one["starts"] == (step <= 4)
        assert one["ends"] == (step + 5 >= len(tokens))
        assert one["predicted"] == sequence.ep[step].argmax()
        assert one["confidence"] == pytest.approx(sequence.ep[step].max())
        assert one["label"] == sequence.label
        np.testing.assert_array_equal([one["x"], one["y"]], demo_store.projections("rnn.0")[1].xy[at])
    assert sorted(one["distance"] for one in found) == [one["distance"] for one in found]


def test_any_states_can_be_asked_for_in_any_number(client: FlaskClient, demo_store: StateStore) -> None:
    found = ask(client, 101, k=25, of="states")
    expected = np.sort(np.delete(away(demo_store, 101), 101))[:25]
    np.testing.assert_allclose([one["distance"] for one in found], expected, atol=1e-3)
    assert "x" not in found[0]
    assert len(ask(client, 101, k=100)) == demo_store.n_sequences - 1


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("demo/rnn.0/-1", 400, "not the row of a state"),
        ("demo/rnn.0/99999", 404, "has no state 99999"),
        ("demo/rnn.7/3", 404, "only rnn.0"),
        ("other/rnn.0/3", 404, "no run 'other'"),
        ("demo/rnn.0/3?k=0", 400, "1 to 100"),
        ("demo/rnn.0/3?k=2.5", 400, "1 to 100"),
        ("demo/rnn.0/3?k=1e9", 400, "1 to 100"),
        ("demo/rnn.0/3?k=ten", 400, "not a number"),
        ("demo/rnn.0/3?of=words", 400, "sequences, states"),
        ("demo/rnn.0/3?projection=umap", 404, "no projection 'umap'"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(
    client: FlaskClient, path: str, status: int, says: str
) -> None:
    answer = client.get(f"/neighbours/{path}")
    assert answer.status_code == status
    assert says in answer.text
    assert answer.text.count("\n") == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(run=st.text(max_size=9), layer=st.text(max_size=9), row=st.text(max_size=9), k=st.text(max_size=9))
def test_no_question_is_a_fault_of_the_server(
    client: FlaskClient, run: str, layer: str, row: str, k: str
) -> None:
    for path in ((run, layer, row), ("demo", "rnn.0", row), ("demo", "rnn.0", "3")):
        address = "/".join(quote(part, safe="") for part in path)
        assert client.get(f"/neighbours/{address}", query_string={"k": k}).status_code < 500
