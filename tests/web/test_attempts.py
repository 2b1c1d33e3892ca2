"""Guessing passwords is slow, and nobody makes it faster, or shuts the log-in for others."""

import threading
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from hsvis.web.attempts import FREE, LONGEST_WAIT, Attempts, Turns

HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def compared(attempts: Attempts, clock: Clock, name: str, address: str, seconds: float) -> int:
    """How many passwords of a name are looked at in that time, all of them wrong."""
    until, found = clock.now + seconds, 0
    while clock.now < until:
        wait = attempts.begin(name, address).wait
        found += wait == 0
        clock.now += wait
    return found


def test_each_wait_is_longer_and_ends() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    waits = []
    for _ in range(14):
        one = attempts.begin("ana", "1.2.3.4")
        assert one.wait == 0, "the pause has ended"
        waits.append(attempts.begin("ana", "1.2.3.4").wait if len(waits) >= 4 else 0)
        clock.now += waits[-1]
    assert waits[4:] == sorted(waits[4:])
    assert waits[4] > 0
    assert waits[-1] == LONGEST_WAIT
    assert attempts.begin("ana", "5.6.7.8").wait == 0, "somebody else's guesses keep nobody out"
    attempts.forget(attempts.begin("ana", "1.2.3.4"))
    assert attempts.begin("ana", "1.2.3.4").wait == 0


def test_all_addresses_of_one_ipv6_network_count_together() -> None:
    attempts = Attempts(lambda: 0.0)
    for k in range(5):
        assert attempts.begin("ana", f"2001:db8::{k}").wait == 0
    assert attempts.begin("ana", "2001:db8::ffff").wait > 0
    assert attempts.begin("ana", "2001:db9::1").wait == 0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["wrong", "late", "late, after a wrong one", "pause"]), st.floats(0.0, 100.0)
        ),
        max_size=60,
    )
)
def test_tries_that_were_not_looked_at_change_nothing(acts: list[tuple[str, float]]) -> None:
    """With them or without, the same waits: nobody resets what was counted, or is charged for them."""
    clock = Clock()
    attacked, plain = Attempts(clock), Attempts(clock)
    for act, seconds in acts:
        if act == "pause":
            clock.now += seconds
        elif act == "wrong":
            assert attacked.begin("ana", "1.2.3.4").wait == plain.begin("ana", "1.2.3.4").wait
        elif act == "late":
            attacked.take_back(attacked.begin("ana", "1.2.3.4"))
        else:
            late = attacked.begin("ana", "1.2.3.4")
            if attacked.begin("ana", "1.2.3.4").wait == 0:
                assert plain.begin("ana", "1.2.3.4").wait == 0
            attacked.take_back(late)
    both = [one.begin("ana", "1.2.3.4").wait for one in (attacked, plain)]
    assert both[0] == both[1]


def test_an_insider_who_logs_in_between_guesses_no_faster() -> None:
    """One password on all names, each guess followed by a log-in of one's own."""
    clock = Clock()
    attempts = Attempts(clock)
    guesses = 0
    while clock.now < HOUR:
        wait = attempts.begin(f"name-{guesses}", "1.2.3.4").wait
        clock.now += wait
        guesses += wait == 0
        own = attempts.begin("insider", "1.2.3.4")
        if not own.wait:
            attempts.forget(own)
    assert guesses <= FREE["address"] + HOUR / LONGEST_WAIT + 12


def test_a_name_is_guessed_from_many_addresses_no_faster_and_its_person_comes_in() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    attempts.forget(attempts.begin("ana", "10.0.0.1"))
    guesses, k = 0, 0
    while clock.now < HOUR:
        k += 1
        wait = attempts.begin("ana", f"10.1.{k // 250 % 250}.{k % 250}").wait
        guesses += wait == 0
        clock.now += wait
        if k % 20 == 0:
            own = attempts.begin("ana", "10.0.0.1")
            assert own.wait == 0, "from where she has logged in before"
            attempts.forget(own)
    assert guesses <= FREE["name"] + HOUR / LONGEST_WAIT + 12


def test_mistakes_of_many_people_behind_one_address_are_forgotten() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for k in range(40):
        for _ in range(3):
            clock.now += HOUR / 3
            assert attempts.begin(f"person-{k}", "10.0.0.1").wait == 0


def test_guessing_without_a_break_stays_slow() -> None:
    clock = Clock()
    assert compared(Attempts(clock), clock, "ana", "1.2.3.4", 24 * HOUR) < 24 * 60 + 20


def test_one_place_keeps_nobody_else_from_a_turn() -> None:
    turns, done = Turns(at_once=2, in_line=5, of_a_place=3), threading.Event()
    refused: list[str] = []

    def flood() -> None:
        while not done.is_set():
            try:
                with turns.turn("crowd", 1.0):
                    time.sleep(0.02)
            except TimeoutError:
                refused.append("crowd")
                time.sleep(0.002)

    crowd = [threading.Thread(target=flood) for _ in range(12)]
    for one in crowd:
        one.start()
    try:
        for _ in range(15):
            with turns.turn("alone", 10.0):  # in its turn, behind those that are under way
                assert turns._under_way["crowd"] <= 1
    finally:
        done.set()
        for one in crowd:
            one.join()
    assert refused
    assert not turns._line
    assert not turns._under_way


def test_a_turn_that_does_not_come_is_told_in_time() -> None:
    turns = Turns(at_once=1, in_line=2, of_a_place=2)
    with turns.turn("a", 1.0):
        for _ in range(3):
            try:
                with turns.turn("b", 0.05):
                    raise AssertionError
            except TimeoutError:
                pass
    with turns.turn("b", 0.0):
        pass
