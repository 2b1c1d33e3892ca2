"""The `hsvis` command, and what `python app.py` does."""

import argparse
import errno
import json
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hsvis import __version__, places
from hsvis.config import Config, load_config
from hsvis.errors import ConfigError, DataError, HsvisError, ModelError, ServerError
from hsvis.progress import ConsoleProgress

FAILED = 2  # exit code of everything the user can mend


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of `hsvis`; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="hsvis", description="Look into the hidden states of recurrent networks."
    )
    parser.add_argument("--version", action="version", version=f"hsvis {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="build a run without serving it")
    info = commands.add_parser("info", help="what a built run holds")
    check = commands.add_parser(
        "check", help="what a run will be, and what is wrong with it, before it is built"
    )
    for command in (build, info, check):
        command.add_argument("config", help="a YAML file, or demo, digits, imdb, reuters")
        _add_set(command)
    info.add_argument("--json", action="store_true", help="the manifest as it is, for scripts")
    serve = commands.add_parser("serve", help="build what is missing, then show it in the browser")
    serve.add_argument("config", nargs="*", help="YAML files; none means the demo")
    _add_server(serve)
    reuters = commands.add_parser("import-reuters", help="make parquet files of the original Reuters-21578")
    reuters.add_argument("source", type=Path, help="the distribution: a folder or .tar.gz of .sgm files")
    reuters.add_argument("target", type=Path, help="folder for train.parquet and test.parquet")
    given = parser.parse_args(arguments)
    return _guarded(
        {"build": _build, "check": _check, "info": _info, "serve": _serve, "import-reuters": _import_reuters}[
            given.command
        ],
        given,
    )


def app(arguments: Sequence[str] | None = None) -> int:
    """The command line of `python app.py`; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="app.py", description="Builds what is missing and serves the dashboard."
    )
    parser.add_argument(
        "--config", action="append", default=[], metavar="PATH", help="a YAML file; none means the demo"
    )
    _add_server(parser)
    return _guarded(_serve, parser.parse_args(arguments))


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key, such as dataset.limit=500",
    )


def _add_server(parser: argparse.ArgumentParser) -> None:
    _add_set(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8050, help="port to serve on (default: %(default)s)")


def _guarded(command: Any, given: argparse.Namespace) -> int:
    if (
        here := str(Path.cwd())
    ) not in sys.path:  # where a user's own modules lie; last, so that none hides ours
        sys.path.append(here)
    try:
        command(given)
    except HsvisError as error:
        print(f"hsvis: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nhsvis: stopped; what is whole is kept.", file=sys.stderr)
        return 130
    return 0


def _build(given: argparse.Namespace) -> None:
    from hsvis.pipeline import build  # noqa: PLC0415  (a command that fails early should do so at once)

    config = load_config(given.config, given.set)
    with _naming(given.config):
        print(build(config, ConsoleProgress()).folder.path)


def _check(given: argparse.Namespace) -> None:
    config = load_config(given.config, given.set)
    from hsvis.check import check  # noqa: PLC0415

    with _naming(given.config):
        findings = check(config, ConsoleProgress())
    print("\n".join(findings.lines()))


@contextmanager
def _naming(config: str) -> Iterator[None]:
    """Puts the config's file before messages about what is named in it."""
    try:
        yield
    except (DataError, ModelError) as error:
        raise type(error)(f"{places.config_file(Path(config))}: {error}") from error


def _info(given: argparse.Namespace) -> None:
    from hsvis.cache import read_manifest  # noqa: PLC0415
    from hsvis.pipeline import locate  # noqa: PLC0415
    from hsvis.report import lines  # noqa: PLC0415

    folder, built = locate(load_config(given.config, given.set))
    manifest = read_manifest(folder)
    if manifest is None:
        raise ConfigError(
            f"{given.config}: this run is not built. Build it with `hsvis build {given.config}`."
        )
    print(
        json.dumps(manifest, indent=2, ensure_ascii=False)
        if given.json
        else "\n".join(lines(folder, manifest, built))
    )


def _import_reuters(given: argparse.Namespace) -> None:
    from hsvis.corpus.reuters import import_reuters  # noqa: PLC0415

    print("\n".join(import_reuters(given.source, given.target).lines()))


def _serve(given: argparse.Namespace) -> None:
    configs = [load_config(path, given.set) for path in given.config or ["demo"]]
    _check_names(configs)
    _check_port(given.host, given.port)
    from hsvis.dashboard import create_app  # noqa: PLC0415
    from hsvis.pipeline import build  # noqa: PLC0415

    progress = ConsoleProgress()
    stores = []
    for config in configs:
        print(f"{config.name}", file=sys.stderr)
        stores.append(build(config, progress))
    dashboard = create_app(stores)
    _run(dashboard, given.host, given.port)


def _check_names(configs: Sequence[Config]) -> None:
    names = [config.name for config in configs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ConfigError(f"two configs have the name `{twice}`. Give each its own `name`.")


def _check_port(host: str, port: int) -> None:
    """Raises ServerError where the address can't be served on, before anything is built."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError, UnicodeError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise ServerError(
                f"port {port} of {host} is in use, perhaps by another hsvis. "
                f"Choose another one with --port {port + 1}."
            ) from error
        raise ServerError(
            f"{host}, port {port}: can't be served on ({error}). Choose another --host or --port."
        ) from error


def _run(dashboard: Any, host: str, port: int) -> None:
    import logging  # noqa: PLC0415

    from werkzeug.serving import make_server  # noqa: PLC0415  (the server that Dash itself runs)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    try:
        server = make_server(host, port, dashboard.server, threaded=True)
    except (OSError, SystemExit) as error:
        raise ServerError(
            f"port {port} of {host} is in use. Choose another one with --port {port + 1}."
        ) from error
    shown = f"[{host}]" if ":" in host else host
    print(f"hsvis is at http://{shown}:{server.port}/  (stop with Ctrl+C)", file=sys.stderr)
    server.serve_forever()
