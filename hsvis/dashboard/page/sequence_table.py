"""The table of all sequences: its columns and how it behaves."""

from typing import Any

import dash_ag_grid
from dash.development.base_component import Component

from hsvis.catalogue.runs import Runs
from hsvis.corpus.targets.judging import THRESHOLD
from hsvis.dashboard.content.column_filters import BLANKS, DAYS
from hsvis.dashboard.content.table_rows import KEPT, table_rows
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.wording import count
from hsvis.figures.view import View
from hsvis.run.columns import Column
from hsvis.run.store import StateStore

DATE_FILTERS = (*DAYS, "inRange", *BLANKS)
FEW = 4  # kept columns that are shown at first; the others can be chosen
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
        "unit": view.store.verdicts.unit,
        "answers": view.store.answers.kind,
        "columns": [[f"{KEPT}{k}", one.name] for k, one in enumerate(view.store.columns)],
    }


def _kept_column(place: int, column: Column) -> dict[str, Any]:
    """A column that the run keeps, to the right of its own; assets/table/columns.mjs shows and hides them."""
    looks: dict[str, Any] = {"tooltipField": f"{KEPT}{place}", "width": 96}
    if column.kind == "number":
        looks = {
            "width": 72,
            "valueFormatter": {"function": "plainNumber(params)"},
            "type": "rightAligned",
            "filter": "agNumberColumnFilter",
        }
    elif column.kind == "date":
        looks = {
            "width": 82 if column.is_of_days else 122,
            "filter": "agDateColumnFilter",
            "filterParams": {"comparator": {"function": "compareDays"}, "filterOptions": list(DATE_FILTERS)},
        }
    elif column.kind == "boolean":
        looks = {"width": 56}
    return {
        "field": f"{KEPT}{place}",
        "headerName": column.name,
        "headerTooltip": f"{column.name}: {told(column)}",
        "cellDataType": False,
        "hide": place >= FEW,
        "minWidth": 40,
        **looks,
    }


def told(column: Column) -> str:
    """What a kept column holds, in words."""
    facts = column.facts
    if column.is_of_groups:
        parts = [count(len(column.groups), "different value")] if column.kind == "category" else ["yes or no"]
    elif facts.low is None:
        parts = [f"{column.kind}s"]
    else:
        parts = [f"{column.kind}s from {facts.low} to {facts.high}"]
    return ", ".join([*parts, *([f"{facts.missing:,} missing"] if facts.missing else [])])


def table_columns(store: StateStore) -> list[dict[str, Any]]:
    """The columns of the table; assets/table/cells.js draws some of their cells."""
    id_width = 42 + 8 * max(0, len(str(store.n_sequences - 1)) - 4)
    class_column: dict[str, Any] = {"cellRenderer": "ClassName", "width": 80}
    number: dict[str, Any] = {"type": "rightAligned", "filter": "agNumberColumnFilter"}
    answers: list[dict[str, Any]] = [
        {"field": "class", "headerName": "Class", **class_column},
        {"field": "classification", "headerName": "Classified", **class_column},
    ]
    verdict = "Correct; a click sorts, misclassified first"
    sure = "Confidence: EP of the classification after the last step"
    if store.whole.targets is not None:
        answers = [
            {"field": "class", "headerName": "Labels", "width": 80, "tooltipField": "class"},
            {
                "field": "classification",
                "headerName": "Answers",
                "headerTooltip": f"The classes whose EP ends at {THRESHOLD} or more",
                "width": 80,
                "tooltipField": "classification",
            },
        ]
        verdict = "Correct in all classes; a click sorts, wrong ones first"
        sure = "Confidence in the class that the model is least sure of"
    confident: list[dict[str, Any]] = [
        {
            "field": "confidence",
            "headerName": "Confid.",
            "headerTooltip": sure,
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
    if store.expected is not None:
        answers[0] |= {
            "headerName": "First ch.",
            "width": 76,
            "headerTooltip": "Share of the steps at which the token that came was the most probable one",
        }
        confident = [
            {
                "field": "perplexity",
                "headerName": "Perpl.",
                "headerTooltip": "Perplexity: exp of the mean negative log-likelihood of what came",
                "width": 66,
                "valueFormatter": {"function": "plainNumber(params)"},
                **number,
            }
        ]
    right: list[dict[str, Any]] = [
        {
            "field": "correct",
            "headerName": "✓",
            "headerTooltip": verdict,
            "suppressHeaderFilterButton": True,  # it would lie on the head, which sorts by a click
            "width": 28,
            "cellRenderer": "Correct",
        },
    ]
    if not store.answers.has_classes:
        plain = {"valueFormatter": {"function": "plainNumber(params)"}, "width": 70, **number}
        answers = [
            {"field": "value", "headerName": "Label", **plain},
            {"field": "answer", "headerName": "Answer", **plain},
            {
                "field": "error",
                "headerName": "Error",
                "headerTooltip": "How far the answer is from the label; a click sorts",
                **plain,
            },
        ]
        confident, right = [], []
    return [
        {"field": "sequence", "headerName": "Id", "width": id_width, **number},
        *answers,
        *right,
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
        *(_kept_column(k, one) for k, one in enumerate(store.columns)),
    ]


def sequence_table(runs: Runs, store: StateStore) -> Component:
    """The table of all sequences."""
    is_paged = runs.is_paged(store)
    return dash_ag_grid.AgGrid(
        id=ids.SEQUENCE_TABLE,
        className="table",
        columnDefs=table_columns(store),
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
