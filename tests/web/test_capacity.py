"""Turns for costly work: how much goes on at once, who waits, who is refused."""

import threading
from collections.abc import Callable

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import ServiceUnavailable

from hsvis.errors import ClientGoneError
from hsvis.web.capacity import DISCONNECTED, RETRY_AFTER, Capacity, check, departure

LONG = 60.0  # seconds that no test takes


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def wait_until(holds: Callable[[], bool]) -> None:
    until = threading.Event()
    for _ in range(3000):
        if holds():
            return
        until.wait(0.01)
    raise AssertionError("it never came about")


def test_no_more_than_all_units_are_held_at_once() -> None:
    turns, lock = Capacity(10, "tests", patience=LONG, most_waiting=100), threading.Lock()
    held, most, done = [0], [0], []

    def work(amount: int) -> None:
        with turns.hold(amount):
            with lock:
                held[0] += amount
                most[0] = max(most[0], held[0])
            threading.Event().wait(0.001)
            with lock:
                held[0] -= amount
        done.append(amount)

    threads = [in_thread(lambda amount=amount: work(amount)) for amount in (1, 4, 10, 3, 7, 2) * 5]
    for thread in threads:
        thread.join(LONG)
    assert len(done) == 30
    assert most[0] <= 10


def test_what_is_larger_than_all_takes_all() -> None:
    turns = Capacity(10, "tests", patience=0)
    with turns.hold(1000), pytest.raises(ServiceUnavailable), turns.hold(1):
        pass
    with turns.hold(10):
        pass


def test_who_finds_no_turn_is_told_what_is_busy_and_when_to_come_back() -> None:
    turns = Capacity(2, "exports", patience=0.01)
    with turns.hold(1), turns.hold(1):
        with pytest.raises(ServiceUnavailable, match="busy with other exports") as refused, turns.hold(1):
            pass
        assert refused.value.retry_after == RETRY_AFTER
    with turns.hold(2):
        pass


def test_only_a_few_wait_and_the_first_of_them_comes_first() -> None:
    turns, came = Capacity(1, "tests", patience=LONG, most_waiting=2), []
    release = turns.take(1)

    def wait(name: str) -> None:
        with turns.hold(1):
            came.append(name)

    threads = []
    for place, name in enumerate(("first", "second")):
        threads.append(in_thread(lambda name=name: wait(name)))
        wait_until(lambda place=place: len(turns._line) == place + 1)
    with pytest.raises(ServiceUnavailable):
        turns.take(1)  # at once, though there is patience
    release()
    for thread in threads:
        thread.join(LONG)
    assert came == ["first", "second"]


def test_who_has_gone_does_not_wait_and_blocks_nobody() -> None:
    turns, gone, failed = Capacity(1, "tests", patience=LONG), threading.Event(), []

    def wait() -> None:
        try:
            turns.take(1, gone.is_set)
        except ClientGoneError as error:
            failed.append(error)

    release = turns.take(1)
    waiting = in_thread(wait)
    wait_until(lambda: len(turns._line) == 1)
    gone.set()
    waiting.join(LONG)
    assert len(failed) == 1
    release()
    with turns.hold(1):
        pass
    with pytest.raises(ClientGoneError):
        turns.take(1, lambda: True)  # not even where there is room


@given(st.lists(st.integers(1, 12), max_size=12), st.data())
def test_all_that_was_taken_can_be_given_back_once(amounts: list[int], data: st.DataObject) -> None:
    turns, held, given_back = Capacity(10, "tests", patience=0), [], 0
    for amount in amounts:
        taken = sum(min(one, 10) for one, _ in held)
        if taken + min(amount, 10) <= 10:
            held.append((amount, turns.take(amount)))
        else:
            with pytest.raises(ServiceUnavailable):
                turns.take(amount)
        if held and data.draw(st.booleans()):
            _, release = held.pop(data.draw(st.integers(0, len(held) - 1)))
            release()
            release()
            given_back += 1
    for _, release in held:
        release()
    with turns.hold(10):
        pass


def test_work_that_fails_gives_its_turn_back() -> None:
    turns = Capacity(1, "tests", patience=0)
    with pytest.raises(KeyError), turns.hold(1):
        raise KeyError
    with turns.hold(1):
        pass


def test_whether_the_client_has_gone_is_known_during_the_request_and_after_it() -> None:
    gone, app = threading.Event(), flask.Flask(__name__)
    with app.test_request_context(environ_overrides={DISCONNECTED: gone.is_set}):
        has_gone = departure()
    check(has_gone)
    gone.set()
    with pytest.raises(ClientGoneError):
        check(has_gone)
    with app.test_request_context():
        assert not departure()()  # a server that can't tell
    assert not departure()()
