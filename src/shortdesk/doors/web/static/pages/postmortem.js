// @ts-check
/** A post-mortem: candles over what was going to die, the tree of causes walked by keys, and what replays found. */

import "../panels/chart.js";
import "../panels/series.js";
import "../panels/whatif.js";
import { open } from "./page.js";

open();
