"""The `hsvis` command, and what `python app.py` does.  A command imports what it needs when it is chosen."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hsvis import __version__
from hsvis.errors import ConfigError, HsvisError
from hsvis.progress import ConsoleProgress, Progress
from hsvis.serve import options, users_command

if TYPE_CHECKING:
    from hsvis.config import Config

FAILED = 2  # exit code of everything the user can correct


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
        command.add_argument("config", help="a YAML file, or demo, digits, language, imdb, reuters")
        _add_set(command)
    info.add_argument("--json", action="store_true", help="the manifest as it is, for scripts")
    check.add_argument("--json", action="store_true", help="one object, for scripts")
    check.add_argument(
        "--template",
        type=Path,
        nargs="?",
        const=Path("model_forward.py"),
        metavar="FILE",
        help="write a function that calls your own model, for `model.forward` (default: model_forward.py)",
    )
    _add_child(build)
    project = commands.add_parser("project", help="add a projection to a built run")
    project.add_argument("folder", type=Path, help="the run's folder, as `hsvis build` prints it")
    project.add_argument("--layer", required=True, help="the layer whose states are projected")
    project.add_argument("--method", choices=("tsne", "pca"), required=True)
    project.add_argument("--perplexity", help="of t-SNE (default: 30)")
    project.add_argument("--seed", help="default: that of a config")
    project.add_argument("--max-fit", help="the most states that t-SNE is fitted to; null = all")
    _add_child(project)
    serve = commands.add_parser("serve", help="build what is missing, then show it in the browser")
    serve.add_argument("config", nargs="*", help="YAML files or folders of them; none means the demo")
    _add_set(serve)
    options.add_options(serve)
    reuters = commands.add_parser("import-reuters", help="make parquet files of the original Reuters-21578")
    reuters.add_argument("source", type=Path, help="the distribution: a folder or .tar.gz of .sgm files")
    reuters.add_argument("target", type=Path, help="folder for train.parquet and test.parquet")
    users_command.add(commands)
    given = parser.parse_args(arguments)
    return _guarded(
        {
            "build": _build,
            "check": _check,
            "info": _info,
            "project": _project,
            "serve": options.serve,
            "import-reuters": _import_reuters,
            "users": users_command.run,
        }[given.command],
        given,
    )


def app(arguments: Sequence[str] | None = None) -> int:
    """The command line of `python app.py`; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="app.py", description="Builds what is missing and serves the dashboard."
    )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="PATH",
        help="a YAML file, or a folder of them; none means the demo",
    )
    _add_set(parser)
    options.add_options(parser)
    return _guarded(options.serve, parser.parse_args(arguments))


def _add_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override a key, such as dataset.limit=500",
    )


def _add_child(parser: argparse.ArgumentParser) -> None:
    """For programs that start a command and watch it."""
    parser.add_argument(
        "--progress",
        choices=("console", "json"),
        default="console",
        help="json: each report is a line of standard output, before the last",
    )
    parser.add_argument(
        "--stop-at-eof",
        action="store_true",
        help="stop when standard input ends, as it does with the program that started this one",
    )


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
    config, progress = _config(given), _progress(given)
    from hsvis.build.pipeline import build  # noqa: PLC0415  (a command that fails early should do so at once)
    from hsvis.catalogue.offers import naming  # noqa: PLC0415

    with naming(given.config):
        print(build(config, progress).folder.path)


def _check(given: argparse.Namespace) -> None:
    from hsvis.catalogue.offers import naming  # noqa: PLC0415
    from hsvis.check import check  # noqa: PLC0415

    if given.template is not None:
        from hsvis.check.template import write_template  # noqa: PLC0415

        with naming(given.config):
            print("\n".join(write_template(_config(given), given.template, ConsoleProgress())))
        return
    try:
        config = _config(given)
        with naming(given.config):
            findings = check(config, ConsoleProgress())
    except HsvisError as error:
        if given.json:
            print(json.dumps({"ok": False, "error": str(error)}, ensure_ascii=False))
        raise
    print(
        json.dumps(findings.as_json(), indent=2, ensure_ascii=False)
        if given.json
        else "\n".join(findings.lines())
    )


def _project(given: argparse.Namespace) -> None:
    from hsvis.config import projection_settings  # noqa: PLC0415

    progress = _progress(given)
    asked = {key: getattr(given, key) for key in ("method", "perplexity", "seed", "max_fit")}
    named = {key: value for key, value in asked.items() if value is not None}
    settings = projection_settings({k: None if value == "null" else value for k, value in named.items()})
    from hsvis.build.pipeline import project  # noqa: PLC0415

    print(project(given.folder, given.layer, settings, progress)[0].path)


def _config(given: argparse.Namespace) -> "Config":
    """The one that a command names.  Raises ConfigError."""
    from hsvis.config import load_config  # noqa: PLC0415  (a fifth of a second)

    return load_config(given.config, given.set)


def _progress(given: argparse.Namespace) -> Progress:
    from hsvis.catalogue.worker import JsonProgress, stop_at_eof  # noqa: PLC0415

    if given.stop_at_eof:
        stop_at_eof()
    return JsonProgress() if given.progress == "json" else ConsoleProgress()


def _info(given: argparse.Namespace) -> None:
    from hsvis.build.pipeline import locate  # noqa: PLC0415
    from hsvis.run.summary import lines  # noqa: PLC0415

    folder, manifest, built = locate(_config(given))
    if manifest is None:
        raise ConfigError(
            f"{given.config}: this run is not built. Build it with `hsvis build {given.config}`."
        )
    print(
        json.dumps(manifest.model_dump(), indent=2, ensure_ascii=False)
        if given.json
        else "\n".join(lines(folder, manifest, built))
    )


def _import_reuters(given: argparse.Namespace) -> None:
    from hsvis.corpus.reuters import import_reuters  # noqa: PLC0415

    print("\n".join(import_reuters(given.source, given.target).lines()))
