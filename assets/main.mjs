// The page's one entry: starts all parts, then Dash.  Every other module is only imported, so each is loaded once.
//
// Folders import in one direction: core, state, table, views, panels; each may import from those before it.
import * as callbacks from "./core/callbacks.mjs";
import * as keys from "./core/keys.mjs";
import * as page from "./core/page.mjs";
import * as permalink from "./core/permalink.mjs";
import { stored } from "./core/stores.mjs";
import * as forTests from "./for-tests.mjs";
import * as address from "./panels/address.mjs";
import * as exportMenu from "./panels/export/menu.mjs";
import * as help from "./panels/help.mjs";
import * as neighbours from "./panels/neighbours.mjs";
import * as noteForm from "./panels/notes/form.mjs";
import * as notes from "./panels/notes/notes.mjs";
import * as savedFilters from "./panels/notes/saved.mjs";
import * as rebuilt from "./panels/rebuilt.mjs";
import * as runs from "./panels/runs.mjs";
import * as session from "./panels/session.mjs";
import * as settings from "./panels/settings.mjs";
import * as editions from "./state/editions.mjs";
import * as filter from "./state/filter.mjs";
import * as focus from "./state/focus.mjs";
import * as options from "./state/options.mjs";
import * as passing from "./state/passing.mjs";
import * as selection from "./state/selection.mjs";
import * as view from "./state/view.mjs";
import * as chips from "./table/chips.mjs";
import * as columns from "./table/columns.mjs";
import * as rows from "./table/rows.mjs";
import * as stops from "./table/stops.mjs";
import * as walk from "./table/walk.mjs";
import * as groups from "./views/classes/groups.mjs";
import * as overview from "./views/classes/overview.mjs";
import * as cloud from "./views/cloud.mjs";
import * as drawing from "./views/projection/drawing.mjs";
import * as regions from "./views/projection/regions.mjs";
import * as highlight from "./views/highlight.mjs";
import * as pointer from "./views/pointer.mjs";
import * as stepping from "./views/stepping.mjs";
import * as strip from "./views/strip.mjs";
import * as threshold from "./views/threshold.mjs";
import * as titles from "./views/classes/titles.mjs";
import * as topTokens from "./views/classes/top-tokens.mjs";
import * as waiting from "./views/waiting.mjs";
import * as words from "./views/words.mjs";
import * as zoom from "./views/zoom.mjs";

// What is told of a change first stands first.
const PARTS = [
  ...[callbacks, page, keys, permalink, session],
  ...[view, options, filter, passing, focus, editions],
  ...[regions, highlight, threshold, overview, groups],
  ...[rows, columns, chips, stops, walk],
  ...[cloud, drawing, pointer, stepping, strip, zoom, words, titles, topTokens, waiting],
  ...[runs, exportMenu, neighbours, noteForm, notes, savedFilters, rebuilt, settings, help, address],
  forTests,
];

for (const part of PARTS) part.start();

// Dash's client-side callbacks, by the names that hsvis/dashboard/callbacks gives them.
window.dash_clientside.hsvis = {
  filter: filter.filter,
  markRow: selection.markRow,
  options: options.options,
  select: selection.select,
  stored,
  view: view.view,
};

// No callback is asked for before it is there: modules run late, so Dash is started here and not by its own script.
new DashRenderer();
