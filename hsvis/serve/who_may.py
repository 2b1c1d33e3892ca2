"""Who a server lets in: the `Access` that the options make; and what must hold before anybody is let in."""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
import secrets
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hsvis import paths
from hsvis.errors import ServerError, UsersError
from hsvis.web.access import LOCAL_NAMES, Access
from hsvis.web.addresses import LOOPBACK, Network
from hsvis.web.users import Users

USERS = "users.json"
KEY_BYTES = 32
FEWEST = 16  # characters of a proxy's secret
HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
RULES = (
    "Say who may come in: --log-in (people are added with `hsvis users add NAME`), --trust-proxy-user HEADER "
    "behind a proxy that knows them, or --open for everybody."
)


def users_of(given: argparse.Namespace) -> Users:
    """Of the file that the options name."""
    return Users(given.users_file or paths.data_folder() / USERS)


def access_of(given: argparse.Namespace, *, must_say: bool, save: bool) -> Access:
    """What the options say.

    Args:
        must_say: others than this machine's may reach the server: without a rule it does not start.
        save: notes and named filters may be written.

    Raises:
        ServerError: no rule is given, or two, or one that makes no sense.
        UsersError: the users can't be read, or there is nobody.
    """
    log_in = given.log_in or given.users_file is not None
    rules = [log_in, given.trust_proxy_user is not None, given.open]
    if sum(rules) > 1:
        raise ServerError("--log-in, --trust-proxy-user and --open exclude each other: give one of them.")
    proxies = tuple(_network(one) for one in given.proxy_from) or LOOPBACK
    common = Access(save, proxies=proxies, proxy_secret=_secret(given.proxy_secret_file))
    if log_in:  # a page of another site has no session here, whatever its name leads to
        hosts = _hosts(given.allow_host, given.host) if given.allow_host else ()
        known = logging_in(users_of(given))
        return replace(common, users=known.users, secret=known.secret, hosts=hosts)
    if is_loopback(given.host) or given.allow_host:
        common = replace(common, hosts=_hosts(given.allow_host, given.host))
    if given.trust_proxy_user is not None:
        return replace(common, header=_header(given.trust_proxy_user))
    if must_say and not given.open:
        raise ServerError(f"other people could reach this server. {RULES}")
    return common


def _hosts(allowed: Sequence[str], *more: str) -> tuple[str, ...]:
    names = (*LOCAL_NAMES, *(one.strip("[]").lower().rstrip(".") for one in (*more, *allowed)))
    return tuple(dict.fromkeys(name for name in names if name))


def access_of_arguments(
    *, open_to_all: bool, header: str, save: bool, hosts: Sequence[str] = (), secret_file: Path | None = None
) -> Access:
    """For everybody, or those whom a proxy of this machine names; else those who log in.

    Args:
        hosts: names that the server may be asked by; any where there are none.
        secret_file: holds what a proxy has to send.

    Raises:
        ServerError: the header is none.
        UsersError: as `logging_in`.
    """
    known = Access() if header or open_to_all else logging_in()
    return replace(
        known,
        save=save,
        header=_header(header) if header else "",
        hosts=_hosts(hosts) if hosts else (),
        proxy_secret=_secret(secret_file),
    )


def _secret(file: Path | None) -> str:
    """The first line of a file; "" where none is named.  Raises ServerError."""
    if file is None:
        return ""
    try:
        with file.open(encoding="ascii") as opened:
            secret = opened.readline(1000).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ServerError(f"--proxy-secret-file {file}: can't be read ({error}).") from error
    if len(secret) < FEWEST:
        raise ServerError(
            f"--proxy-secret-file {file}: its first line has {len(secret)} characters; it takes {FEWEST} at "
            "least, such as those of `openssl rand -hex 32`."
        )
    return secret


def _header(given: str) -> str:
    if not HEADER.fullmatch(given):
        raise ServerError(f"--trust-proxy-user: {given!r} is not the name of a header.")
    return given


def logging_in(users: Users | None = None, *, save: bool = False) -> Access:
    """For those of a file who log in; by default that in hsvis's data folder.

    Raises:
        UsersError: it can't be read, or there is nobody.
    """
    users = users or Users(paths.data_folder() / USERS)
    if not users.all():
        raise UsersError(f"{users.path}: there is nobody yet. Add somebody with `hsvis users add NAME`.")
    return Access(save, users, _key(users.path.with_name("session-key")))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server at that address."""
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host or "0.0.0.0", None)}
        return all(ipaddress.ip_address(str(one).partition("%")[0]).is_loopback for one in found)
    except (OSError, UnicodeError, ValueError):
        return False


def _network(given: str) -> Network:
    try:
        return ipaddress.ip_network(given)
    except ValueError as error:
        raise ServerError(f"--proxy-from {given}: is not an address or network ({error}).") from None


def _key(path: Path) -> bytes:
    """What signs sessions: made once, and kept, so that a restart logs nobody out."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = path.with_name(f".{path.name}.{secrets.token_hex(4)}.aside")
        with suppress(FileExistsError):
            if not path.exists():
                with open(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                    file.write(secrets.token_bytes(KEY_BYTES))
                os.link(made, path)  # whole, and never in place of another server's
        key = path.read_bytes()
    except OSError as error:
        raise UsersError(f"{path}: can't be written or read ({error.strerror}).") from error
    finally:
        with suppress(OSError, UnboundLocalError):
            made.unlink(missing_ok=True)
    if len(key) != KEY_BYTES:
        raise UsersError(
            f"{path}: is not a valid session key. Delete it: a new one is made, and everybody logs in again."
        )
    return key


def check_no_debugging() -> None:
    """Raises ServerError where the environment asks Dash or Flask for debugging: it shows code to anyone."""
    wanted = paths.debug_switches()
    if wanted:
        raise ServerError(
            f"{' and '.join(wanted)} ask for debugging, which shows code and paths to anyone who "
            "can reach the server. Unset them, or serve without --production."
        )
