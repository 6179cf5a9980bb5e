// @ts-check
/**
 * What a page knows beside the candles: prices through time (a liquidation price, an index), what happened and when.
 * Each line has a value for each candle, so that the candles alone say how time runs.
 */

import { LineSeries, LineStyle, LineType, createSeriesMarkers } from "lightweight-charts";
import { token } from "../canvas.js";

/** @typedef {{ name: string, tone: string, steps: boolean, scales: boolean, values: (number | null)[] }} Line */
/** @typedef {{ time: number, text: string, kind: string }} Mark */

/** @type {Record<string, string>} */
const TONES = { plain: "--accent", danger: "--line-liquidation", quiet: "--soft", good: "--good" };
/** @type {Record<string, LineStyle>} */
const STYLES = { plain: LineStyle.Solid, danger: LineStyle.Solid, quiet: LineStyle.Dashed, good: LineStyle.Solid };
/** @type {Record<string, string>} */
const NAMES = { entry: "opened", liquidation: "liquidated", exit: "closed" };
/** Signs with more letters than this say their kind alone; the words stand in the reading. */
const LONGEST = 18;
/** @type {Record<string, string>} */
const COLOURS = { entry: "--down", exit: "--up", liquidation: "--danger", event: "--accent", here: "--ink" };
/** @type {Record<string, import("lightweight-charts").SeriesMarkerShape>} */
const SHAPES = { entry: "arrowDown", exit: "arrowUp", liquidation: "circle", event: "square", here: "arrowUp" };

/** The colour of a tone. @param {string} tone */
export const colourOf = (tone) => token(TONES[tone] ?? "--accent");

/** How a line of a tone is drawn. @param {string} tone */
export const styleOf = (tone) => STYLES[tone] ?? LineStyle.Solid;

/** A line's points; where it has no value there is none. @param {Line} line @param {number[]} times */
export function pointsOf(line, times) {
  return times.map((time, at) => (line.values[at] === null || line.values[at] === undefined ? { time } : { time, value: line.values[at] }));
}

export class Overlay {
  /** @param {any} chart @param {any} candles the series that signs stand at */
  constructor(chart, candles) {
    this.chart = chart;
    this.signs = createSeriesMarkers(candles, []);
    /** @type {[Line, any][]} */
    this._lines = [];
    /** @type {Mark[]} */
    this._marks = [];
    this.here = 0;
  }

  /** @param {Line[]} lines @param {Mark[]} marks @param {number[]} times of the candles */
  show(lines, marks, times) {
    for (const [, series] of this._lines) this.chart.removeSeries(series);
    this._lines = lines.map((line) => {
      const series = this.chart.addSeries(LineSeries, {
        lineWidth: line.tone === "danger" ? 2 : 1, lineStyle: styleOf(line.tone), priceLineVisible: false, lastValueVisible: false,
        lineType: line.steps ? LineType.WithSteps : LineType.Simple, crosshairMarkerVisible: false,
        ...(line.scales ? {} : { autoscaleInfoProvider: () => null }),
      });
      series.setData(pointsOf(line, times));
      return [line, series];
    });
    this._marks = marks;
    this.paint();
  }

  /** Where the reader stands in time. @param {number} second */
  point(second) {
    if (second === this.here) return;
    this.here = second;
    this._sign();
  }

  paint() {
    for (const [line, series] of this._lines) series.applyOptions({ color: colourOf(line.tone) });
    this._sign();
  }

  _sign() {
    const here = this.here ? [{ time: this.here, text: "", kind: "here" }] : [];
    this.signs.setMarkers(
      [...this._marks, ...here].sort((a, b) => a.time - b.time).map(({ time, text, kind }) => ({
        time, text: text.length <= LONGEST ? text : (NAMES[kind] ?? ""), shape: SHAPES[kind] ?? "square",
        position: kind === "exit" || kind === "here" ? "belowBar" : "aboveBar", color: token(COLOURS[kind] ?? "--accent"),
      })),
    );
  }
}
