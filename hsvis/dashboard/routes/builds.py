"""What the page's dialog of runs asks for: what there is, what is under way; begin it, end it."""

from pathlib import Path
from typing import Any

import flask
from dash import Dash
from werkzeug.exceptions import BadRequest, Conflict, Forbidden, NotFound

from hsvis.build.projecting import FEWEST
from hsvis.catalogue.jobs import Builds, RefusedError
from hsvis.catalogue.offers import Offer
from hsvis.catalogue.runs import Edition, Runs
from hsvis.config import PcaSettings, TsneSettings, projection_settings
from hsvis.dashboard.page.menus import projection_options, run_options
from hsvis.dashboard.routes import answers, parameters
from hsvis.errors import ConfigError, GoneError
from hsvis.run.store import StateStore
from hsvis.storage import files

LARGEST_BODY = 4096  # bytes


def register(app: Dash, runs: Runs, builds: Builds) -> None:
    """Adds the routes to the app's server, under the app's own path prefix."""

    def state() -> flask.Response:
        return answers.fresh(overview(runs, builds) | _menus(runs, builds))

    def news() -> flask.Response:
        return answers.fresh({"news": _news(runs, builds)})

    def build(run: str) -> flask.Response:
        _check(builds)
        try:
            return answers.fresh({"job": builds.start(run)})
        except KeyError:
            raise NotFound(f"No config of a run {run!r} was given to this server.") from None
        except RefusedError as error:
            raise Conflict(str(error)) from None

    def compute(run: str, layer: str) -> flask.Response:
        _check(builds)
        store = parameters.store_of(runs, run)
        if store is not runs.store(run):
            raise Conflict(f"The run “{run}” was rebuilt: show the new one first, then compute this of it.")
        if layer not in store.layers:
            raise NotFound(f"The run {run!r} keeps {', '.join(store.layers)}, not {layer!r}.")
        settings = _settings(store)
        there = next((p for p in store.projections(layer) if p.settings == settings.model_dump()), None)
        if there is not None:
            return answers.fresh({"job": None, "projection": there.name})
        try:
            return answers.fresh({"job": builds.compute(store, layer, settings)})
        except RefusedError as error:
            raise Conflict(str(error)) from None

    def cancel(job: str) -> flask.Response:
        _check(builds)
        try:
            builds.cancel(job)
        except KeyError:
            raise NotFound(f"There is no job {job!r} (any more).") from None
        return answers.fresh({"job": job})

    answers.add_route(app, "news", news)
    answers.add_route(app, "builds", state)
    answers.add_route(app, "builds/<run>", build, "POST")
    answers.add_route(app, "builds/<run>/<layer>", compute, "POST")
    answers.add_route(app, "builds/<job>", cancel, "DELETE")


def overview(runs: Runs, builds: Builds) -> dict[str, Any]:
    """Every run with what there is to say of it, and every job."""
    offered = {one.name: _describe_offer(one, builds.allowed) for one in builds.offers}
    names = [*(store.name for store in runs if store.name not in offered), *offered]
    nothing = {"error": "", "note": "", "command": ""}
    listed = [{"name": name, "built": name in runs} | offered.get(name, nothing) for name in names]
    return {"allowed": builds.allowed, "runs": listed, "jobs": builds.state()}


def _describe_offer(offer: Offer, allowed: bool) -> dict[str, str]:
    """What a page may know of a config: where people may not build, nothing of the server's folders."""
    if allowed:
        return {"error": offer.error, "note": offer.note, "command": offer.command}
    error = "Its config can't be offered; the log of the server says why." if offer.error else ""
    return {"error": error, "note": offer.note, "command": f"hsvis build {Path(offer.source).name}"}


def _news(runs: Runs, builds: Builds) -> str:
    """Changes with whatever is new to a page: runs, editions, projections, offers; not with progress."""
    listed = [overview(runs, builds)["runs"], run_options(runs, builds.offers), runs.editions()]
    return files.key_of(listed=listed, stores=[store.edition for store in runs])


def _menus(runs: Runs, builds: Builds) -> dict[str, Any]:
    """What the menus offer by now: of runs, and of projections of the run and layer that the page shows."""
    run, layer = flask.request.args.get("run"), flask.request.args.get("layer")
    found: dict[str, Any] = {
        "editions": {store.name: _edition(runs.newest(store.name)) for store in runs},
        "run_options": run_options(runs, builds.offers),
    }
    if run is None or layer is None:
        return found
    try:
        store = parameters.store_of(runs, run)
    except GoneError:
        return found | {"run": run, "layer": layer}  # the page is told by `editions` what to do
    if layer not in store.layers:
        raise NotFound(f"The run {run!r} keeps {', '.join(store.layers)}, not {layer!r}.")
    return found | {
        "run": run,
        "layer": layer,
        "projection_options": projection_options(store, layer),
        "largest_perplexity": largest_perplexity(store),
    }


def _edition(newest: Edition) -> dict[str, Any]:
    return {"edition": newest.name, "since": newest.since}


def _check(builds: Builds) -> None:
    """Raises Forbidden: another site's page asks, or building is switched off."""
    parameters.check_sender()
    if not builds.allowed:
        raise Forbidden("Building is switched off on this server. Build on the command line: `hsvis build`.")


def _settings(store: StateStore) -> TsneSettings | PcaSettings:
    """The projection that a request asks for.  Raises BadRequest."""
    too_long = BadRequest("The settings of a projection are a small JSON object.")
    given = parameters.json_object('{"method": "pca", "seed": 1}', LARGEST_BODY, too_long)
    try:
        settings = projection_settings(given)
    except ConfigError as error:
        raise BadRequest(str(error)) from None
    if isinstance(settings, PcaSettings):
        return settings
    if store.n_states < FEWEST:
        raise BadRequest(f"{store.n_states} states are too few for t-SNE; take PCA.")
    most = largest_perplexity(store)
    if not 1 <= settings.perplexity <= most:
        raise BadRequest(
            f"The perplexity is {settings.perplexity:g}; with {store.n_states:,} states "
            f"it can be 1 to {most:,}."
        )
    return settings.model_copy(update={"perplexity": float(f"{settings.perplexity:.4g}")})


def largest_perplexity(store: StateStore) -> int:
    """t-SNE needs three neighbours for each unit of perplexity."""
    return max(1, (store.n_states - 1) // 3)
