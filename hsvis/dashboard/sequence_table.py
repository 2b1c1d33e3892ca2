"""The table of all sequences: its columns and how it behaves."""

from typing import Any

import dash_ag_grid
from dash.development.base_component import Component

from hsvis.dashboard import ids
from hsvis.dashboard.callbacks.overview import table_rows
from hsvis.dashboard.runs import View

NO_ROWS = "No sequence matches the filters"


def sequence_table(view: View) -> Component:
    """The table of all sequences; assets/table.js draws some of its cells."""
    class_column: dict[str, Any] = {"cellRenderer": "ClassName", "width": 80}
    number: dict[str, Any] = {"type": "rightAligned", "filter": "agNumberColumnFilter"}
    columns: list[dict[str, Any]] = [
        {"field": "sequence", "headerName": "Id", "width": 42, **number},
        {"field": "class", "headerName": "Class", **class_column},
        {"field": "classification", "headerName": "Classified", **class_column},
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
        {
            "field": "confidence",
            "headerName": "Confid.",
            "headerTooltip": "Confidence: EP of the classification after the last step",
            "width": 60,
            "valueFormatter": {"function": "percent(params.value)"},
            **number,
        },
        {"field": "length", "headerName": "Steps", "width": 52, **number},
    ]
    return dash_ag_grid.AgGrid(
        id=ids.SEQUENCE_TABLE,
        className="table",
        columnDefs=columns,
        defaultColDef={"resizable": True, "sortable": True, "filter": "agTextColumnFilter"},
        getRowId="params.data.sequence.toString()",
        rowData=table_rows(view.store),
        columnSize=None,
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": False},
            "animateRows": False,
            "headerHeight": 30,
            "rowHeight": 28,
            "suppressCellFocus": True,  # assets/keys.js walks through the rows
            "isExternalFilterPresent": {"function": "isFiltered()"},
            "doesExternalFilterPass": {"function": "passesFilter(params)"},
            "ensureDomOrder": True,
            "localeText": {"noRowsToShow": NO_ROWS, "noMatchingRows": NO_ROWS},
        },
        style={"height": "100%"},
    )
