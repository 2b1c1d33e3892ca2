"""The Dash app of some runs: what is made, and what is registered in which order."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from dash import Dash

from hsvis import paths
from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.runs import MOST_ROWS, Runs
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
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.content.filters import Filters
from hsvis.dashboard.content.metrics import Metrics
from hsvis.dashboard.content.table_pages import Pages
from hsvis.dashboard.page import layout, scripts
from hsvis.dashboard.routes import answers, exports, health, neighbours, queries
from hsvis.dashboard.routes import builds as build_routes
from hsvis.dashboard.routes import clouds as cloud_routes
from hsvis.dashboard.routes import notes as note_routes
from hsvis.dashboard.routes import table as table_routes
from hsvis.notes import Notes
from hsvis.run.store import StateStore
from hsvis.web import bodies, guard, headers, observed, proxies
from hsvis.web.access import Access
from hsvis.web.log import RequestLog

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
        assets_folder=str(assets or paths.assets_folder()),
        assets_ignore=r"^early\.js$|\.mjs$",  # the page names them itself
        url_base_pathname=proxies.normal_prefix(prefix or "/"),
        serve_locally=True,
        compress=find_spec("flask_compress") is not None,
        use_pages=False,
        enable_mcp=False,
        on_error=editions.tell_gone,
    )
    figures = Metrics(shown, clouds, filters, pages, work)
    observed.register(app, [figures.count, *([log.write] if log else [])])
    guard.register(app, rule)
    bodies.register(app)
    app.index_string = INDEX.replace("THEME_SCRIPT", app.get_asset_url("early.js"))
    app.layout = lambda: layout.page(shown, clouds, work, rule, None if notes is None else rule)
    answers.register(app)
    cloud_routes.register(app, shown, clouds, filters)
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
    health.register(app, shown, figures, metrics, work)
    proxies.register(app, trust_proxy, rule)
    return app
