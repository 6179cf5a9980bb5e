// @ts-check
/** A held short: its candles with the liquidation price, its equity and its funding through time. */

import "../panels/chart.js";
import "../panels/series.js";
import { open } from "./page.js";

open();
