"""Who gets in, what everybody's answers carry, and what is refused before anything is done."""

import argparse
import ipaddress
import json
import re
import secrets
import time
from pathlib import Path
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from hsvis.dashboard import create_app
from hsvis.errors import HsvisError, ServerError, UsersError
from hsvis.run.store import StateStore
from hsvis.serve import who_may
from hsvis.serve.options import add_access_options
from hsvis.web.access import Access
from hsvis.web.users import Users

PASSWORD = "correct horse battery"
PAGE = {"Accept": "text/html"}


@pytest.fixture
def users(tmp_path: Path) -> Users:
    users = Users(tmp_path / "users.json")
    users.add("ana", PASSWORD)
    return users


@pytest.fixture
def locked(demo_store: StateStore, users: Users) -> FlaskClient:
    access = Access(users=users, secret=secrets.token_bytes(32))
    server = create_app([demo_store], access=access, prefix="/hsvis/").server
    server.config["access"] = access
    return server.test_client()


def log_in(client: FlaskClient, password: str = PASSWORD, query: str = "", name: str = "ana") -> Any:
    return client.post(f"/hsvis/login{query}", data={"name": name, "password": password})


def cookie_of(answer: Any) -> tuple[str, str]:
    """Name and value of the cookie that an answer sets."""
    name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
    return name, value


def paths_of(client: FlaskClient) -> list[tuple[str, str]]:
    """A method and an address for every route that there is."""

    def path(rule: Rule) -> str:
        return re.sub(r"<[^>]+>", "0", rule.rule)

    rules = client.application.url_map.iter_rules()
    return [(method, path(rule)) for rule in rules for method in rule.methods - {"HEAD", "OPTIONS"}]


def test_nothing_but_the_log_in_page_and_assets_answers_to_strangers(locked: FlaskClient) -> None:
    public = ("/hsvis/login", "/hsvis/assets/", "/hsvis/_dash-component-suites/", "/hsvis/_favicon.ico")
    asked = paths_of(locked)
    assert len(asked) > 25
    for method, path in asked:
        if path.startswith((*public, "/hsvis/health", "/hsvis/metrics")):
            continue
        answer = locked.open(path, method=method)
        assert answer.status_code == 401, (method, path, answer.status_code)
        assert answer.data == b"Your session has ended: log in again.\n"
    assert locked.get("/hsvis/assets/base.css").status_code == 200
    assert locked.get("/hsvis/login").status_code == 200


def test_a_stranger_is_led_to_the_log_in_and_back_to_where_they_wanted(locked: FlaskClient) -> None:
    answer = locked.get("/hsvis/?run=demo&sequence=3", headers=PAGE)
    assert answer.status_code == 302
    page = locked.get(answer.location)
    assert 'name="password"' in page.text
    action = re.search(r'action="([^"]+)"', page.text)
    assert action
    done = locked.post(action[1].replace("&amp;", "&"), data={"name": "ana", "password": PASSWORD})
    assert (done.status_code, done.location) == (303, "/hsvis/?run=demo&sequence=3")
    assert locked.get("/hsvis/", headers=PAGE).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/other/",
        "\t//x",
        "",
    ],
)
def test_the_log_in_leads_to_no_other_site(locked: FlaskClient, elsewhere: str) -> None:
    answer = locked.post(
        "/hsvis/login", query_string={"next": elsewhere}, data={"name": "ana", "password": PASSWORD}
    )
    assert answer.location == "/hsvis/"


def test_the_cookie_is_the_servers_alone(locked: FlaskClient) -> None:
    cookie = log_in(locked).headers["Set-Cookie"]
    for wanted in ("HttpOnly", "SameSite=Lax", "Path=/hsvis/"):
        assert wanted in cookie
    assert "Secure" not in cookie
    locked.post("/hsvis/logout")
    again = locked.post(
        "/hsvis/login", data={"name": "ana", "password": PASSWORD}, base_url="https://localhost"
    )
    assert "Secure" in again.headers["Set-Cookie"]


def test_a_forged_or_another_servers_cookie_counts_for_nothing(
    locked: FlaskClient, demo_store: StateStore
) -> None:
    name, value = cookie_of(log_in(locked))
    for forged in (value[:-2] + "xx", "x", value.split(".")[0] + ".a.b", ""):
        locked.set_cookie(name, forged, path="/hsvis/")
        assert locked.get("/hsvis/builds").status_code == 401
    users = Users(locked.application.config.get("x", Path("/nonexistent")))
    other = create_app(
        [demo_store], access=Access(users=users, secret=secrets.token_bytes(32)), prefix="/hsvis/"
    )
    stranger = other.server.test_client()
    stranger.set_cookie(name, value, path="/hsvis/")
    assert stranger.get("/hsvis/builds").status_code == 401


@pytest.mark.parametrize(("days", "status"), [(-400, 200), (-0.01, 200), (6.9, 200), (7.1, 401), (400, 401)])
def test_a_clock_that_jumps_ends_no_session_before_its_time(
    locked: FlaskClient, monkeypatch: pytest.MonkeyPatch, days: float, status: int
) -> None:
    log_in(locked)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + days * 86_400)
    assert locked.get("/hsvis/builds").status_code == status
    monkeypatch.undo()
    assert locked.get("/hsvis/builds").status_code == 200, "the clock is right again"


def test_a_copied_cookie_ends_with_its_session_and_no_other_one_does(
    locked: FlaskClient, demo_store: StateStore
) -> None:
    """Also after the server was started again, with the same key and users."""
    other = locked.application.test_client()
    assert log_in(other).status_code == 303
    name, value = cookie_of(log_in(locked))
    thief = locked.application.test_client()
    thief.set_cookie(name, value, path="/hsvis/")
    assert thief.get("/hsvis/builds").status_code == 200
    assert locked.post("/hsvis/logout").status_code == 303
    access = locked.application.config["access"]
    again = create_app([demo_store], access=access, prefix="/hsvis/").server.test_client()
    again.set_cookie(name, value, path="/hsvis/")
    for client in (thief, again):
        assert client.get("/hsvis/builds").status_code == 401
        assert client.post("/hsvis/logout").status_code == 401, "it can't end what is not its own"
    assert other.get("/hsvis/builds").status_code == 200


def test_logging_out_where_nothing_can_be_written_ends_the_session_and_says_so(
    locked: FlaskClient, users: Users
) -> None:
    name, value = cookie_of(log_in(locked))
    (users.path.parent / "ended-sessions.json.lock").mkdir()  # in the place of a file
    answer = locked.post("/hsvis/logout")
    assert answer.status_code == 503
    assert "Another password ends it" in answer.text
    locked.set_cookie(name, value, path="/hsvis/")
    assert locked.get("/hsvis/builds").status_code == 401


def test_two_servers_of_one_host_name_log_nobody_out(demo_store: StateStore, users: Users) -> None:
    """By another port, path or key; a server that is started again has the same name for its cookie."""
    browser: dict[str, str] = {}  # of one host name, whatever port or path
    key, other_key = secrets.token_bytes(32), secrets.token_bytes(32)
    servers = [(8050, "/", key), (8051, "/", key), (8050, "/team/", key), (8050, "/", other_key)]
    for _ in range(2):
        for port, prefix, secret in servers:
            app = create_app([demo_store], access=Access(users=users, secret=secret), prefix=prefix)
            client, base = app.server.test_client(use_cookies=False), f"http://localhost:{port}"

            def ask(path: str, method: str = "GET", client: FlaskClient = client, **given: Any) -> Any:
                given["headers"] = {"Cookie": "; ".join(f"{k}={v}" for k, v in browser.items())}
                return client.open(path, method=method, **given)

            asked = f"{prefix}builds"
            if len(browser) < len(servers):
                assert ask(asked, base_url=base).status_code == 401
                form = {"name": "ana", "password": PASSWORD}
                name, value = cookie_of(ask(f"{prefix}login", "POST", base_url=base, data=form))
                assert name not in browser
                browser[name] = value
            assert ask(asked, base_url=base).status_code == 200


def test_another_password_removal_and_logging_out_end_sessions(locked: FlaskClient, users: Users) -> None:
    for act in (lambda: users.change("ana", PASSWORD), lambda: locked.post("/hsvis/logout")):
        log_in(locked)
        assert locked.get("/hsvis/builds").status_code == 200
        act()
        assert locked.get("/hsvis/builds").status_code == 401
    log_in(locked)
    users.remove("ana")
    assert locked.get("/hsvis/builds").status_code == 401
    assert log_in(locked).status_code == 403


def test_wrong_passwords_are_slowed_and_told_alike_for_unknown_names(locked: FlaskClient) -> None:
    answers = [log_in(locked, "wrong", name=name) for name in ("ana", "nobody")]
    assert len({one.text.replace("nobody", "ana") for one in answers}) == 1
    for _ in range(4):
        log_in(locked, "wrong")
    slowed = log_in(locked)
    assert slowed.status_code == 429, "even the right password has to wait"
    assert int(slowed.headers["Retry-After"]) >= 1


def test_when_many_log_in_at_once_what_was_counted_stays(locked: FlaskClient, users: Users) -> None:
    for _ in range(4):
        assert log_in(locked, "wrong").status_code == 403
    with users._hashing.turn("one", 1.0), users._hashing.turn("another", 1.0):
        late = log_in(locked)
    assert (late.status_code, late.headers["Retry-After"]) == (503, "2")
    assert log_in(locked, "wrong").status_code == 403, "the late one was none"
    assert log_in(locked).status_code == 429


def test_a_users_file_that_can_not_be_read_counts_against_nobody(locked: FlaskClient, users: Users) -> None:
    for _ in range(4):
        assert log_in(locked, "wrong").status_code == 403
    whole = users.path.read_bytes()
    users.path.write_bytes(b"{")
    for _ in range(10):
        assert log_in(locked).status_code == 503
    users.path.write_bytes(whole)
    assert log_in(locked, "wrong").status_code == 403, "those that were not looked at were none"
    assert log_in(locked).status_code == 429


def test_looking_at_the_log_in_page_is_no_try(locked: FlaskClient) -> None:
    for _ in range(8):
        assert locked.head("/hsvis/login").status_code == 200
    assert log_in(locked).status_code == 303


def test_users_that_cant_be_read_are_told_of_in_a_line(locked: FlaskClient, users: Users) -> None:
    log_in(locked)
    users.path.write_text("{", encoding="utf-8")
    for answer in (locked.get("/hsvis/builds"), log_in(locked)):
        assert answer.status_code == 503
        assert str(users.path) not in answer.text
        assert answer.text.count("\n") == 1


@pytest.mark.parametrize("next_", ["//[", "//example.com／"])
def test_a_next_page_that_is_no_address_is_no_fault(locked: FlaskClient, next_: str) -> None:
    assert locked.get("/hsvis/login", query_string={"next": next_}).status_code == 200


def test_the_page_itself_is_behind_the_log_in_under_whatever_name(locked: FlaskClient) -> None:
    for path in ("assets/", "_favicon.icox", "_dash-component-suites/", "assets/../x", "whatever"):
        assert locked.get(f"/hsvis/{path}").status_code in (401, 404), path


def test_a_log_in_form_that_is_huge_or_odd_is_no_fault(locked: FlaskClient) -> None:
    assert log_in(locked, "x" * 100_000).status_code == 413
    for data in (
        {},
        {"name": "\0"},
        {"name": "a" * 3000, "password": "\ud800".encode("utf-8", "surrogatepass")},
    ):
        assert locked.post("/hsvis/login", data=data).status_code == 403
    page = log_in(locked, name='"><script>alert(1)</script>')
    assert "<script>alert" not in page.text


def test_a_proxy_names_who_asks_and_nobody_else_can(demo_store: StateStore) -> None:
    access = Access(header="X-Forwarded-User", proxies=(ipaddress.ip_network("10.0.0.0/8"),))
    client = create_app([demo_store], access=access).server.test_client()

    def ask(address: str, user: str) -> int:
        return client.get(
            "/builds", headers={"X-Forwarded-User": user}, environ_base={"REMOTE_ADDR": address}
        ).status_code

    assert ask("10.1.2.3", "ana") == 200
    assert ask("::ffff:10.1.2.3", "ana@example.org") == 200
    for address, user in (
        ("10.1.2.3", ""),
        ("11.1.2.3", "ana"),
        ("", "ana"),
        ("10.1.2.3", "a b"),
        ("x", "ana"),
    ):
        assert ask(address, user) == 401, (address, user)


def test_only_a_proxy_is_believed_where_a_request_came_from(demo_store: StateStore) -> None:
    access = Access(proxies=(ipaddress.ip_network("10.0.0.7/32"),))
    app = create_app([demo_store], access=access, trust_proxy=1)
    app.server.add_url_rule("/who", view_func=lambda: str(flask.request.remote_addr))
    client = app.server.test_client()
    for peer, shown in (("10.0.0.7", "1.2.3.4"), ("10.0.0.8", "10.0.0.8")):
        answer = client.get(
            "/who", headers={"X-Forwarded-For": "1.2.3.4"}, environ_base={"REMOTE_ADDR": peer}
        )
        assert answer.text == shown


def test_the_page_of_another_site_can_change_nothing(demo_store: StateStore) -> None:
    client = create_app([demo_store]).server.test_client()
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ):
        for path in ("/_dash-update-component", "/builds/demo"):
            assert client.post(path, headers=headers, json={}).status_code == 403, headers
    own = client.post("/_dash-update-component", headers={"Origin": "http://localhost"}, json={})
    assert own.status_code == 400


def test_a_name_that_leads_to_this_machine_by_trickery_is_refused(demo_store: StateStore) -> None:
    access = Access(hosts=("localhost", "127.0.0.1", "::1"))
    client = create_app([demo_store], access=access).server.test_client()
    for host, status in (
        ("localhost:8050", 200),
        ("127.0.0.1", 200),
        ("[::1]:8050", 200),
        ("evil.example", 421),
        ("localhost.evil.example:8050", 421),
        ("[", 421),
    ):
        assert client.get("/builds", headers={"Host": host}).status_code == status, host


@pytest.mark.parametrize("rule", [[], ["--open"], ["--trust-proxy-user", "X-User"]])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_server_that_only_this_machine_reaches_answers_to_its_own_names_alone(
    demo_store: StateStore, rule: list[str], host: str
) -> None:
    """A page whose name was made to lead here can send any header, also those of a proxy, but its Host."""
    given = options(*rule, "--allow-host", "Hsvis.example.org", host=host)
    access = who_may.access_of(given, must_say=False, save=True)
    client = create_app([demo_store], access=access, trust_proxy=1).server.test_client()

    def ask(name: str, **headers: str) -> int:
        return client.get("/builds", headers={"Host": name, "X-User": "ana", **headers}).status_code

    for name in ("localhost:8050", "127.0.0.1", "[::1]:8050", "hsvis.example.org", "10.0.0.1:8050"):
        assert ask(name) == 200, name
        assert ask(name, **{"X-Forwarded-Host": "hsvis.example.org"}) == 200
        assert ask(name, **{"X-Forwarded-Host": "evil.example"}) == 421
    for name in ("evil.example", "127.0.0.1.evil.example", "evil.example:8050", "[", "0x7f.1.evil"):
        assert ask(name) == 421, name
        assert ask(name, **{"X-Forwarded-Host": "localhost"}) == 421, name


def test_a_server_that_others_reach_is_asked_by_any_name_unless_names_are_given(users: Users) -> None:
    for rule in (["--open"], ["--log-in", "--users-file", str(users.path)]):
        for host in ("0.0.0.0", "10.0.0.1"):
            assert who_may.access_of(options(*rule, host=host), must_say=True, save=True).is_host("any")
            named = options(*rule, "--allow-host", "hsvis.example.org", host=host)
            access = who_may.access_of(named, must_say=True, save=True)
            assert access.is_host("hsvis.example.org")
            assert access.is_host("10.0.0.9")
            assert not access.is_host("any")
            assert not access.is_host("")


def test_another_program_beside_the_proxy_is_not_believed_without_its_secret(
    demo_store: StateStore, tmp_path: Path
) -> None:
    file = tmp_path / "proxy-secret"
    file.write_text("a-long-enough-secret\nand more\n")
    given = options("--trust-proxy-user", "X-User", "--proxy-secret-file", str(file))
    access = who_may.access_of(given, must_say=True, save=True)
    assert "a-long-enough-secret" not in repr(access)
    app = create_app([demo_store], access=access, trust_proxy=1)
    app.server.add_url_rule("/who", view_func=lambda: str(flask.request.remote_addr))
    client = app.server.test_client()
    told = {"X-User": "ana", "X-Forwarded-For": "1.2.3.4"}
    for secret in (
        {},
        {"X-Hsvis-Proxy": ""},
        {"X-Hsvis-Proxy": "a-long-enough-secreT"},
        {"X-Hsvis-Proxy": "\xff"},
    ):
        assert client.get("/who", headers=told | secret).status_code == 401, secret
    answer = client.get("/who", headers=told | {"X-Hsvis-Proxy": "a-long-enough-secret"})
    assert (answer.status_code, answer.text) == (200, "1.2.3.4")


def test_every_answer_forbids_foreign_scripts_and_frames(demo_store: StateStore) -> None:
    client = create_app([demo_store]).server.test_client()
    for path in ("/", "/assets/base.css", "/state/demo/0", "/nothing/there.json", "/cloud/x/y/z.png"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "unsafe" not in scripts, path
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
    assert "http:" not in policy
    assert "https:" not in policy


def test_a_callback_that_is_malformed_is_refused_in_a_line(demo_store: StateStore) -> None:
    client = create_app([demo_store]).server.test_client()
    for body in (
        b"",
        b"{",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"output": 1}',
        b'{"output": "x.y"}',
        b"\xff",
        b"NaN",
    ):
        answer = client.post("/_dash-update-component", data=body, content_type="application/json")
        assert (answer.status_code, answer.mimetype) == (400, "text/plain"), body[:20]
        assert answer.text.startswith("This is not a request of a callback: ")
        assert answer.text.count("\n") == 1
    assert client.post("/_dash-update-component", data="{}").status_code == 400
    huge = client.post("/_dash-update-component", json={"output": "x" * 2**21})
    assert huge.status_code == 413


def test_what_a_callback_gets_must_be_its_own(demo_store: StateStore) -> None:
    client = create_app([demo_store]).server.test_client()
    one = next(d for d in client.get("/_dash-dependencies").get_json() if "sequence-info" in d["output"])
    names = one["output"].strip(".").split("...")
    outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    right = {"output": one["output"], "outputs": outputs, "inputs": one["inputs"], "state": one["state"]}
    assert client.post("/_dash-update-component", json=right).status_code == 200
    wrong: list[dict[str, Any]] = [
        {"inputs": []},
        {"inputs": one["inputs"][::-1]},
        {"state": {"a": 1}},
        {"outputs": outputs[:1]},
        {"outputs": "x"},
        {"outputs": [*outputs[:-1], None]},
        {"changedPropIds": [1]},
        {"changedPropIds": "x"},
    ]
    for change in wrong:
        answer = client.post(
            "/_dash-update-component", data=json.dumps(right | change), content_type="application/json"
        )
        assert answer.status_code == 400, change


def options(*given: str, host: str = "127.0.0.1") -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_access_options(parser)
    return argparse.Namespace(**vars(parser.parse_args(given)), host=host)


def test_a_server_others_can_reach_needs_a_rule(tmp_path: Path, users: Users) -> None:
    for given in ([], ["--allow-host", "x"]):
        with pytest.raises(ServerError, match="--log-in.*--trust-proxy-user.*--open"):
            who_may.access_of(options(*given), must_say=True, save=False)
    assert who_may.access_of(options("--open"), must_say=True, save=False).is_open
    by_proxy = who_may.access_of(
        options("--trust-proxy-user", "X-User", "--proxy-from", "10.0.0.7"), must_say=True, save=True
    )
    assert by_proxy.proxies == (ipaddress.ip_network("10.0.0.7/32"),)
    file = ["--users-file", str(users.path)]
    first, second = (who_may.access_of(options(*file), must_say=True, save=True) for _ in range(2))
    assert first.secret == second.secret, "a restart logs nobody out"
    assert first.secret.hex() not in repr(first)
    assert (tmp_path / "session-key").stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--open", "--log-in"], "exclude each other"),
        (["--trust-proxy-user", "X User"], "not the name of a header"),
        (["--trust-proxy-user", "X-User", "--proxy-from", "here"], "is not an address or network"),
        (["--users-file", "/nonexistent/users.json"], "nobody yet"),
        (
            ["--open", "--proxy-secret-file", "/nonexistent"],
            "/nonexistent: can't be read",
        ),
        (["--open", "--proxy-secret-file", "/dev/null"], "has 0 characters"),
    ],
)
def test_rules_that_make_no_sense_are_refused(given: list[str], says: str) -> None:
    with pytest.raises(HsvisError, match=says):
        who_may.access_of(options(*given), must_say=True, save=True)


def test_a_damaged_key_is_told_of(tmp_path: Path, users: Users) -> None:
    (tmp_path / "session-key").write_bytes(b"short")
    with pytest.raises(UsersError, match="Delete it"):
        who_may.access_of(options("--users-file", str(users.path)), must_say=True, save=True)


def test_only_this_machine_reaches_a_loopback_address() -> None:
    assert all(map(who_may.is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))
    assert not any(map(who_may.is_loopback, ("0.0.0.0", "::", "10.0.0.1", "", "no such host", "x" * 300)))
