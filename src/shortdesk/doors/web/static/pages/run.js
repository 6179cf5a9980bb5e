// @ts-check
/** A run looked at again: the market at any of its moments, and its gauges through time. */

import "../panels/chart.js";
import "../panels/deaths.js";
import "../panels/depth.js";
import "../panels/map.js";
import "../panels/moments.js";
import "../panels/series.js";
import "../panels/strip.js";
import { open } from "./page.js";

open();
