"""The dashboard: runs in, a Dash app out."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from dash import Dash

from hsvis import places
from hsvis.dashboard import (
    build_routes,
    exports,
    layout,
    neighbours,
    note_routes,
    queries,
    routes,
    table_routes,
    timing,
)
from hsvis.dashboard.access import Access
from hsvis.dashboard.builds import Builds
from hsvis.dashboard.callbacks import (
    choice,
    options,
    overview,
    projection,
    selection,
    sequence,
    table,
)
from hsvis.dashboard.clouds import Clouds
from hsvis.dashboard.filters import Filters
from hsvis.dashboard.runs import MOST_ROWS, Runs
from hsvis.dashboard.table_pages import Pages
from hsvis.notes import Notes
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

    Raises:
        ConfigError: if there is no run, or if two have one name.
    """
    shown, clouds, filters = Runs(runs, most_rows=most_rows), Clouds(), Filters()
    pages = Pages(filters)
    work = builds or Builds(allowed=False)
    work.attach(shown)
    app = Dash(
        "hsvis",
        title="hsvis",
        update_title="",
        assets_folder=str(assets or places.assets_folder()),
        assets_ignore=r"^early\.js$",
        url_base_pathname=prefix,
        serve_locally=True,
        compress=find_spec("flask_compress") is not None,
        use_pages=False,
        enable_mcp=False,
    )
    timing.register(app)
    app.index_string = INDEX.replace("THEME_SCRIPT", app.get_asset_url("early.js"))
    rights = access or Access()
    app.layout = lambda: layout.page(shown, clouds, work, None if notes is None else rights)
    routes.register(app, shown, clouds, filters)
    queries.register(app, shown, filters)
    neighbours.register(app, shown)
    table_routes.register(app, shown, pages)
    exports.register(app, shown, pages)
    build_routes.register(app, shown, work)
    if notes is not None:
        note_routes.register(app, shown, notes, rights)
    choice.register(app, shown)
    overview.register(app, shown)
    table.register(app, shown)
    selection.register(app)
    sequence.register(app, shown, clouds)
    projection.register(app, shown, clouds)
    options.register(app, shown)
    return app
