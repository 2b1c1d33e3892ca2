"""The table of all sequences: its columns and how it behaves."""

from typing import Any

import dash_ag_grid
from dash.development.base_component import Component

from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.table_rows import table_rows
from hsvis.dashboard.page import ids
from hsvis.figures.view import View
from hsvis.run.store import StateStore

NO_ROWS = "No sequence matches the filters"
PAGE_ROWS = 100  # that a request for a page asks for
PAGES = 20  # that the browser keeps
PAUSE = 40  # ms of rest while scrolling before a page is asked for
# assets/table/rows.mjs decides what passes the filter of the page
IN_BROWSER: dict[str, Any] = {
    "isExternalFilterPresent": {"function": "isFiltered()"},
    "doesExternalFilterPass": {"function": "passesFilter(params)"},
}
# assets/table/paged.mjs gives the grid its source
IN_PAGES: dict[str, Any] = {
    "cacheBlockSize": PAGE_ROWS,
    "maxBlocksInCache": PAGES,
    "blockLoadDebounceMillis": PAUSE,
    "maxConcurrentDatasourceRequests": 4,  # one may be lost before the grid has its source
}


def table_facts(runs: Runs, view: View) -> dict[str, Any]:
    """What assets/table/rows.mjs has to know of the table of a run.  `view`: any of the run."""
    return {
        "run": view.store.name,
        "edition": view.edition,
        "cloud": view.cloud,
        "sequences": view.store.n_sequences,
        "paged": runs.is_paged(view.store),
    }


def sequence_table(runs: Runs, store: StateStore) -> Component:
    """The table of all sequences; assets/table/cells.js draws some of its cells."""
    is_paged = runs.is_paged(store)
    id_width = 42 + 8 * max(0, len(str(store.n_sequences - 1)) - 4)
    class_column: dict[str, Any] = {"cellRenderer": "ClassName", "width": 80}
    number: dict[str, Any] = {"type": "rightAligned", "filter": "agNumberColumnFilter"}
    answers: list[dict[str, Any]] = [
        {"field": "class", "headerName": "Class", **class_column},
        {"field": "classification", "headerName": "Classified", **class_column},
    ]
    confident: list[dict[str, Any]] = [
        {
            "field": "confidence",
            "headerName": "Confid.",
            "headerTooltip": "Confidence: EP of the classification after the last step",
            "width": 60,
            "valueFormatter": {"function": "percent(params)"},
            **number,
        }
    ]
    if store.verdicts.unit == "step":
        confident = []
        answers = [
            {
                "field": "right",
                "headerName": "Correct steps",
                "headerTooltip": "Share of the steps with a label that were answered right",
                "width": 104,
                "valueFormatter": {"function": "rightSteps(params)"},
                **number,
            }
        ]
    columns: list[dict[str, Any]] = [
        {"field": "sequence", "headerName": "Id", "width": id_width, **number},
        *answers,
        {
            "field": "correct",
            "headerName": "✓",
            "headerTooltip": "Correct; a click sorts, misclassified first",
            "suppressHeaderFilterButton": True,  # it would lie on the head, which sorts by a click
            "width": 28,
            "cellRenderer": "Correct",
        },
        {
            "field": "words",
            "headerName": "Sequence",
            "headerTooltip": "Beginning of the text, or a picture of the series",
            "cellRenderer": "Words",
            "minWidth": 90,
            "flex": 1,
            "tooltipField": "words",
        },
        *confident,
        {"field": "length", "headerName": "Steps", "width": 52, **number},
    ]
    return dash_ag_grid.AgGrid(
        id=ids.SEQUENCE_TABLE,
        className="table",
        columnDefs=columns,
        defaultColDef={
            "resizable": True,
            "sortable": True,
            "filter": "agTextColumnFilter",
            "suppressHeaderKeyboardEvent": {"function": "isOfThePage(params)"},
        },
        getRowId="params.data.sequence.toString()",
        **({"rowModelType": "infinite"} if is_paged else {"rowData": table_rows(store)}),
        columnSize=None,
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": False},
            "animateRows": False,
            "headerHeight": 30,
            "rowHeight": 28,
            "suppressCellFocus": True,  # assets/table/stops.mjs moves the focus, table/walk.mjs the selection
            **({**IN_PAGES, "infiniteInitialRowCount": store.n_sequences} if is_paged else IN_BROWSER),
            "ensureDomOrder": True,
            "localeText": {"noRowsToShow": NO_ROWS, "noMatchingRows": NO_ROWS},
        },
        style={"height": "100%"},
    )
