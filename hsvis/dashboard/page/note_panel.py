"""The panel of notes and the menu of saved filters.  assets/panels/notes/ fills them."""

from dash import html
from dash.development.base_component import Component

from hsvis.dashboard.page import ids
from hsvis.notes import LONGEST_NAME, LONGEST_TEXT


def notes_button() -> Component:
    """Opens and closes the panel."""
    return html.Button(
        "Notes",
        id=ids.SHOW_NOTES,
        className="button",
        type="button",
        title="Notes on sequences and steps of this run ( m )",
        **{"aria-controls": ids.NOTES, "aria-expanded": "false"},
    )


def note_mark() -> Component:
    """How many notes the selected sequence has; opens the panel at them."""
    return html.Button(
        id=ids.NOTE_MARK,
        className="note-mark",
        type="button",
        hidden=True,
        title="Show the notes on this sequence",
    )


def saved_filters_button(*, save: bool) -> Component:
    """Opens the menu of saved filters.  `save`: whether others may be saved."""
    return html.Button(
        "Saved filters ▾",
        id=ids.SAVED_FILTERS,
        className="quiet saved-filters",
        type="button",
        title="Apply a saved filter" + (", save the one that acts" if save else ""),
        **{"aria-haspopup": "dialog", "aria-expanded": "false", "data-save": "true" if save else "false"},
    )


def note_panel(*, save: bool) -> Component:
    """Closed until it is asked for.  `save`: whether notes may be written, not just read."""
    links = [
        html.A(
            text, href="", className="quiet", title=f"All notes of this run as {text}", **{"data-file": kind}
        )
        for text, kind in (("CSV", "csv"), ("Markdown", "md"))
    ]
    status = html.Div(id=ids.NOTE_STATUS, className="note-status", role="status")
    files = html.Span(links, className="note-files")
    close = html.Button("Close", id=ids.CLOSE_NOTES, className="quiet", type="button", title="Close ( Esc )")
    head = html.Div([html.H2("Notes"), status, files, close], className="card-head")
    return html.Section(
        [
            head,
            *([_form()] if save else []),
            html.Div(id=ids.NOTE_FILTERS, className="note-filters", role="search"),
            html.Ol(id=ids.NOTE_LIST, className="note-list", **{"aria-label": "Notes, the newest first"}),
        ],
        id=ids.NOTES,
        className="card notes",
        hidden=True,
        **{"aria-label": "Notes"},
    )


def _form() -> Component:
    """Of a new note; assets/panels/notes/form.mjs says what it will be about."""
    return html.Div(
        id=ids.NEW_NOTE,
        className="new-note",
        **{"data-longest-text": str(LONGEST_TEXT), "data-longest-name": str(LONGEST_NAME)},
    )
