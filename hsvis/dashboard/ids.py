"""Ids of everything that callbacks, scripts and tests address on the page."""

# the seven figures
CLASS_OVERVIEW = "class-overview"
CONFUSION_MATRIX = "confusion-matrix"
PROJECTION = "projection"
EP_HEATMAP = "ep-heatmap"
DISTANCES = "distances"
CONFIDENCE = "confidence"
UNIT_ACTIVITY = "unit-activity"
FIGURES = (
    CLASS_OVERVIEW,
    CONFUSION_MATRIX,
    PROJECTION,
    EP_HEATMAP,
    DISTANCES,
    CONFIDENCE,
    UNIT_ACTIVITY,
)

# the other views
TOKEN_STRIP = "token-strip"
SEQUENCE_TABLE = "sequence-table"
DATASET_INFO = "dataset-info"
SEQUENCE_INFO = "sequence-info"
PROJECTION_INFO = "projection-info"  # what the cloud is: method, number of states
LEGEND = "legend"
TABLE_COUNT = "table-count"  # how many sequences the table's filters leave

# what is shown, and settings
RUN_SELECT = "run-select"
LAYER_SELECT = "layer-select"
PROJECTION_SELECT = "projection-select"
THEME_TOGGLE = "theme-toggle"
DISTANCE_THRESHOLD = "distance-threshold"
DISTANCE_THRESHOLD_VALUE = "distance-threshold-value"

# frames: the whole page, and the part of it about one sequence
PAGE = "page"
DETAILS = "details"

# stores shared by all views, one writer each
SELECTION = "selection"  # durable: {"run", "sequence"} or nothing
FOCUS = "focus"  # what the pointer is on; browser only
FILTER = "filter"  # which sequences are emphasised
VIEW = "view"  # {"run", "layer", "projection", "theme"}
STORES = (SELECTION, FOCUS, FILTER, VIEW)

# messages from the page's scripts to the callbacks
PICK = "pick"  # {"sequence", "step", "at"}: a state was clicked, or with no sequence, Esc was pressed
SYSTEM_THEME = "system-theme"  # the theme that the system asks for, when it changes
