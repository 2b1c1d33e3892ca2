"""The command `hsvis users`: who may log in to a server."""

import argparse
import getpass
import os
import shlex
import sys
from typing import Any

from hsvis.errors import UsersError
from hsvis.serve import options


def add(commands: Any) -> None:
    """Adds the command to the parsers of `hsvis`."""
    parser = commands.add_parser("users", help="who may log in to a server")
    options.add_users_file(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, does in (
        ("add", "let somebody log in; asks for a password"),
        ("change", "set another password, and end the sessions of the old one"),
        ("remove", "stop somebody from logging in, and end the sessions"),
    ):
        one = actions.add_parser(action, help=does)
        one.add_argument("name")
        if action != "remove":
            one.add_argument(
                "--password-stdin", action="store_true", help="the password is a line of standard input"
            )
    actions.add_parser("list", help="names, and when their passwords were set")


def run(given: argparse.Namespace) -> None:
    """Does what was asked.  Raises UsersError."""
    from hsvis.serve import who_may  # noqa: PLC0415  (hashes come with a web framework)

    users = who_may.users_of(given)
    if given.action == "list":
        everybody = users.all()
        width = max(map(len, everybody), default=0)
        print("\n".join(f"{name:<{width}}  {user.changed}" for name, user in everybody.items()) or "nobody")
    elif given.action == "remove":
        users.remove(given.name)
        print(f"{given.name} can no longer log in.", file=sys.stderr)
    elif given.action == "add":
        is_first = not users.path.exists()
        users.add(given.name, _password(given))
        print(f"{given.name} can log in to a server that runs with --log-in.", file=sys.stderr)
        if is_first and hasattr(os, "geteuid") and users.path.stat().st_uid == os.geteuid() == 0:
            print(
                f"{users.path} belongs to root, and nobody else can read it. If the server runs as another "
                f"user, give it the folder: chown -R USER: {shlex.quote(str(users.path.absolute().parent))}",
                file=sys.stderr,
            )
    else:
        users.change(given.name, _password(given))
        print(f"{given.name} has another password; sessions of the old one have ended.", file=sys.stderr)


def _password(given: argparse.Namespace) -> str:
    """Raises UsersError: none was given, or two that differ."""
    if given.password_stdin:
        return sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    try:
        password = getpass.getpass(f"Password of {given.name}: ")
        again = getpass.getpass("Again: ")
    except EOFError:
        raise UsersError("No password was typed; --password-stdin reads it from standard input.") from None
    if password != again:
        raise UsersError("The two passwords differ; nothing was changed.")
    return password
