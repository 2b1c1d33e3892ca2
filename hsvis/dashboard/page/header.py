"""The header of the page: what is shown, and what can be opened."""

from dash import html
from dash.development.base_component import Component

from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.runs import Runs
from hsvis.dashboard.page import ids, note_panel
from hsvis.dashboard.page.menus import class_options, layer_options, projection_options, run_options
from hsvis.dashboard.page.parts import button, select
from hsvis.figures.view import View
from hsvis.web.access import Access, current_user


def header(runs: Runs, view: View, builds: Builds, access: Access, noting: Access | None) -> Component:
    toggle = html.Button(
        id=ids.THEME_TOGGLE,
        className="theme-toggle",
        type="button",
        title="Light or dark",
        **{"aria-label": "Switch between light and dark"},
    )
    return html.Header(
        className="bar",
        children=[
            html.H1("hsvis", title="Hidden states of recurrent networks"),
            select("Run", ids.RUN_SELECT, run_options(runs, builds.offers), view.store.name),
            select("Layer", ids.LAYER_SELECT, layer_options(view.store), view.layer),
            select(
                "Projection",
                ids.PROJECTION_SELECT,
                projection_options(view.store, view.layer),
                view.projection.name,
            ),
            html.Div(
                select(
                    "Class", ids.CLASS_SELECT, class_options(view.store), str(view.store.shown_class or 0)
                ),
                id=ids.CLASS_CHOICE,
                hidden=view.store.shown_class is None,
                title="The class that is shown: its curve, its colours, its errors",
            ),
            html.Button(
                "Runs…",
                id=ids.SHOW_RUNS,
                className="button",
                type="button",
                title="Build a run, compute a projection",
                **{
                    "aria-haspopup": "dialog",
                    "data-busy": "true" if builds.is_busy else "false",
                    "data-allowed": "true" if builds.allowed else "false",
                },
            ),
            html.Div(className="stretch"),
            html.Button(
                "Similar states",
                id=ids.SHOW_NEIGHBOURS,
                className="button",
                type="button",
                title="States similar to the pinned step ( s )",
                **{"aria-controls": ids.NEIGHBOURS, "aria-expanded": "false"},
            ),
            *([note_panel.notes_button()] if noting else []),
            button("Copy link", ids.COPY_LINK, "Copy the address of exactly this view"),
            button("?", ids.SHOW_KEYS, "Keyboard: ?"),
            toggle,
            *_user(access),
        ],
    )


def _user(access: Access) -> list[Component]:
    """Who is logged in, and the way out; nothing to be seen where nobody has to say who they are."""
    name, way_out = current_user(), button("Log out", ids.LOG_OUT, "End this session")
    way_out.hidden = access.users is None
    return [html.Span(name, className="user", title=f"You are {name}", hidden=not name), way_out]
