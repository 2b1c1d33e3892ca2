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
ABOUT_RUN = "about-run"
CONFUSED = "confused"  # of many classes, the most confused pairs
GROUP_PANEL = "group-panel"  # accuracy by the groups of a kept column
GROUP_COLUMN = "group-column"
GROUPS = "groups"
SEQUENCE_INFO = "sequence-info"
PROJECTION_INFO = "projection-info"  # what the cloud is: method, number of states
LEGEND = "legend"
SCALE = "scale"  # in its place: what the colours of cells mean; assets/views/projection/drawing.mjs fills it
DRAW_CELLS = "draw-cells"  # from dots to cells, and back
TABLE_BOX = "table-box"  # around the table: a run with more sequences needs another grid
CHOOSE_COLUMNS = "choose-columns"  # which kept columns the table shows; assets/table/columns.mjs
TABLE_COUNT = "table-count"  # how many sequences the table's filters leave

# what is shown, and settings
RUN_SELECT = "run-select"
LAYER_SELECT = "layer-select"
PROJECTION_SELECT = "projection-select"
CLASS_CHOICE = "class-choice"  # the menu with what stands around it
CLASS_SELECT = "class-select"  # which of several independent classes is shown
THEME_TOGGLE = "theme-toggle"
PALETTE_SELECT = "palette-select"
PALETTE_NOTE = "palette-note"  # how many classes it tells apart

# display options; see hsvis/dashboard/page/options.py
JUMP_WORDS = "jump-words"
DISTANCE_THRESHOLD = "distance-threshold"
CHANGE_WORDS = "change-words"
CHANGE_THRESHOLD = "change-threshold"
CHANGE_CLASS = "change-class"
FLIP_WORDS = "flip-words"
STATE_COLOUR = "state-colour"
COLOUR_COLUMN = "colour-column"  # whose cells the colour of a state tells
FADE = "fade"
MARKS = "marks"
STATE_SIZE = "state-size"
STATE_DRAWING = "state-drawing"
TRAJECTORY_COLOUR = "trajectory-colour"
TRAJECTORY_WIDTH = "trajectory-width"
LINE_WIDTH = "line-width"
UNIT_ORDER = "unit-order"
MATRIX_NUMBERS = "matrix-numbers"
SETTINGS = "settings"
RESET_OPTIONS = "reset-options"

# filters and the way through the sequences
SEARCH = "search"
CHIPS = "chips"
NEXT_WRONG = "next-wrong"
RANDOM_WRONG = "random-wrong"

KEYS = "keys"  # the list of keys
SHOW_KEYS = "show-keys"
CLOSE_KEYS = "close-keys"
RUNS = "runs"  # the dialog of runs and projections; assets/panels/runs.mjs fills it
SHOW_RUNS = "show-runs"
CLOSE_RUNS = "close-runs"
RUN_LIST = "run-list"
NEW_PROJECTION = "new-projection"
NEIGHBOURS = "neighbours"  # the panel of similar states; assets/panels/neighbours.mjs fills it
NEIGHBOURS_OF = "neighbours-of"
NEIGHBOUR_LIST = "neighbour-list"
SHOW_NEIGHBOURS = "show-neighbours"
CLOSE_NEIGHBOURS = "close-neighbours"
# the panel of notes and the menu of saved filters; assets/panels/notes/ fills them
NOTES = "notes"
SHOW_NOTES = "show-notes"
CLOSE_NOTES = "close-notes"
NEW_NOTE = "new-note"
NOTE_FILTERS = "note-filters"
NOTE_STATUS = "note-status"
NOTE_LIST = "note-list"
NOTE_MARK = "note-mark"  # beside the facts of a sequence that has notes
SAVED_FILTERS = "saved-filters"
COPY_LINK = "copy-link"
LOG_OUT = "log-out"
WHOLE = "whole"  # zooms out to all states
NOTICE = "notice"  # one line about what just happened, such as an address that is outdated
REBUILT = "rebuilt"  # says that the run on the page was built again; assets/panels/rebuilt.mjs fills it
REBUILT_TEXT = "rebuilt-text"
SHOW_REBUILT = "show-rebuilt"
HIDE_REBUILT = "hide-rebuilt"
EDITIONS = "editions"  # {run: edition}: which build of each run the page is answered from
GONE = "gone"  # {"text", "at"}: a callback was asked about an edition that is no longer kept
DEFAULTS = "defaults"  # of the display options

# frames: the whole page, and the part of it about one sequence
PAGE = "page"
DETAILS = "details"

# stores shared by all views, one writer each
SELECTION = "selection"  # durable: {"run", "sequence"} or nothing
FOCUS = "focus"  # what the pointer is on; browser only
FILTER = "filter"  # which sequences are emphasised: {"actual", "predicted", "search", …}, what is set of it
VIEW = "view"  # {"run", "edition", "layer", "projection", "theme", "palette", "scale"}
OPTIONS = "options"  # {id of a display option: value}
STORES = (SELECTION, FOCUS, FILTER, VIEW, OPTIONS)

# messages from the page's scripts to the callbacks
PICK = "pick"  # {"sequence", "step", "at"}: a state was clicked, or with no sequence, Esc was pressed
TOKENS = "tokens"  # the text of the selected sequence in parts, for assets/views/strip.mjs
TABLE = "table"  # `sequence_table.table_facts`: whose rows there are, for assets/table/rows.mjs
FILTER_CHANGE = "filter-change"  # {"key": value, …}: parts of the filter to set; null removes one
TYPE_SCALE = "type-scale"  # by how much the page's type is larger than ordinary, when that changes
SYSTEM_THEME = "system-theme"  # the theme that the system asks for, when it changes
