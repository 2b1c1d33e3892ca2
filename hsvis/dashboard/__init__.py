"""The dashboard: runs in, a Dash app out."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import flask
from dash import Dash

from hsvis import admission, places
from hsvis.access import Access
from hsvis.dashboard import (
    bodies,
    build_routes,
    exports,
    guard,
    headers,
    health,
    layout,
    neighbours,
    note_routes,
    observed,
    production,
    proxies,
    queries,
    routes,
    scripts,
    table_routes,
    timing,
)
from hsvis.dashboard.builds import Builds
from hsvis.dashboard.callbacks import (
    choice,
    editions,
    options,
    overview,
    projection,
    selection,
    sequence,
    stores,
    table,
)
from hsvis.dashboard.clouds import Clouds
from hsvis.dashboard.filters import Filters
from hsvis.dashboard.metrics import Metrics
from hsvis.dashboard.request_log import RequestLog
from hsvis.dashboard.runs import MOST_ROWS, Runs
from hsvis.dashboard.table_pages import Pages
from hsvis.dashboard.watching import Watch
from hsvis.notes import NOTES, Notes
from hsvis.offers import offers, opened
from hsvis.progress import silent
from hsvis.store import StateStore

INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    {%favicon%}
    {%css%}
    <script src="THEME_SCRIPT"></script>
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""


def create_app(
    runs: Sequence[StateStore],
    *,
    builds: Builds | None = None,
    access: Access | None = None,
    notes: Notes | None = None,
    assets: Path | None = None,
    prefix: str | None = None,
    most_rows: int = MOST_ROWS,
    log: RequestLog | None = None,
    trust_proxy: int = 0,
    metrics: str = health.READERS[0],
) -> Dash:
    """An app that shows these runs; the page opens with the first one.

    Args:
        runs: at least one, of different names.
        builds: what else is offered, and whether it may be built from the page; without, nothing is.
        access: what the people who use it may do; everything by default.
        notes: where notes and saved filters are kept; without, the page has none.
        assets: folder of style sheets and scripts, if not the one that comes with hsvis.
        prefix: path under which the app is served, "/hsvis/"; at the root by default.
        most_rows: of a run with more sequences, the page gets the rows of the table a page at a time.
        log: is told of each request.
        trust_proxy: so many proxies are believed where a request came from.
        metrics: who may read the server's figures, one of `health.READERS`.

    Raises:
        ConfigError: if there is no run, or if two have one name.
        ServerError: if `prefix` or `trust_proxy` makes no sense.
    """
    rule = access or Access()
    shown, clouds, filters = Runs(runs, most_rows=most_rows), Clouds(), Filters()
    pages = Pages(filters)
    work = builds or Builds(allowed=False)
    work.attach(shown)
    app = scripts.Page(
        "hsvis",
        title="hsvis",
        update_title="",
        assets_folder=str(assets or places.assets_folder()),
        assets_ignore=r"^early\.js$|\.mjs$",  # the page names them itself
        url_base_pathname=proxies.normal_prefix(prefix or "/"),
        serve_locally=True,
        compress=find_spec("flask_compress") is not None,
        use_pages=False,
        enable_mcp=False,
        on_error=editions.tell_gone,
    )
    figures = Metrics(shown, clouds, filters, pages, work)
    observed.register(app, [figures.seen, *([log.seen] if log else [])])
    timing.register(app)
    guard.register(app, rule)
    bodies.register(app)
    app.index_string = INDEX.replace("THEME_SCRIPT", app.get_asset_url("early.js"))
    app.layout = lambda: layout.page(shown, clouds, work, rule, None if notes is None else rule)
    routes.register(app, shown, clouds, filters)
    queries.register(app, shown, filters)
    neighbours.register(app, shown)
    table_routes.register(app, shown, pages)
    exports.register(app, shown, pages)
    build_routes.register(app, shown, work)
    if notes is not None:
        note_routes.register(app, shown, notes, rule)
    choice.register(app, shown)
    overview.register(app, shown)
    table.register(app, shown)
    selection.register(app)
    sequence.register(app, shown, clouds)
    projection.register(app, shown, clouds)
    options.register(app, shown)
    stores.register(app)
    scripts.register(app)
    headers.register(app)
    health.register(app, shown, figures, metrics)
    proxies.register(app, trust_proxy, rule.proxies)
    return app


def create_server(
    configs: str | Sequence[str],
    *,
    overrides: Sequence[str] = (),
    open_to_all: bool = False,
    trust_proxy_user: str = "",
    allow_save: bool = False,
    prefix: str = "/",
    log_format: str = "json",
    trust_proxy: int = 0,
    metrics: str = health.READERS[0],
) -> flask.Flask:
    """The WSGI application of what is built of these configs; it builds nothing, neither at once nor later.

    For servers of one process with threads, such as `gunicorn --threads 8
    'hsvis.dashboard:create_server("configs/")'`: each process has caches of its own.

    Args:
        configs: a YAML file or a folder of them, or several.
        overrides: `KEY=VALUE` each, as `--set`.
        log_format: "json" or "text", of a line on standard error for each request.
        open_to_all, trust_proxy_user: who gets in: everybody, or whom a proxy of this machine names in that
            header; else those who were added with `hsvis users add`.
        allow_save: notes and named filters can be saved.
        prefix, trust_proxy, metrics: as `create_app`.

    Raises:
        ConfigError: a config can't be read, or nothing is built.
        UsersError: nobody was added yet.
        ServerError: debugging is switched on, or another argument makes no sense.
    """
    request_log = RequestLog(log_format)
    production.check_no_debugging()
    access = admission.chosen(open_to_all=open_to_all, header=trust_proxy_user, save=allow_save)
    paths = [configs] if isinstance(configs, str) else configs
    offered = offers(paths, overrides)
    builds = Builds(offered, allowed=False)
    watch = Watch(builds, paths, overrides)
    app = create_app(
        opened(offered, silent, request_log.say, building=False),
        builds=builds,
        access=access,
        notes=Notes(places.data_folder() / NOTES),
        prefix=prefix,
        log=request_log,
        trust_proxy=trust_proxy,
        metrics=metrics,
    )
    watch.start()
    return app.server
