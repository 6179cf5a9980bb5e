// @ts-check
/** Something through time below the candles: equity, funding, open interest. Its times are the candles', so they move together. */

import { HistogramSeries, LineSeries, LineType, BaselineSeries, createChart } from "lightweight-charts";
import { token } from "../canvas.js";
import { fixed, short } from "../format.js";
import { Panel, html, nothing } from "../panel.js";
import { store } from "../store.js";
import { colourOf, pointsOf, styleOf } from "./overlay.js";
import { apart, joined, moment, readable } from "./reading.js";

/** @typedef {{ title: string, unit: string, note: string, places: number, exact: number, bars: boolean, base: number | null, lines: import("./overlay.js").Line[] }} Shown */

class Series extends Panel {
  constructor() {
    super();
    /** @type {Shown | null} */
    this.of = null;
    /** @type {any} */
    this.chart = null;
    /** @type {[import("./overlay.js").Line, any][]} */
    this._lines = [];
    this._look = () => this._paint();
  }

  connectedCallback() {
    super.connectedCallback();
    store.removeEventListener("frame", this._again);
    addEventListener("sd-look", this._look);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("sd-look", this._look);
    if (this.chart) apart(this.chart);
    this.chart?.remove();
    this.chart = null;
  }

  /** A value on the axis. @param {number} value */
  _number(value) {
    return Math.abs(value) >= 1e5 ? short(value) : fixed(value, this.of?.places ?? 2);
  }

  /** A value that is read. @param {number | null | undefined} value */
  _exact(value) {
    return typeof value === "number" ? fixed(value, this.of?.exact ?? 2) : this.of?.bars ? "nothing" : "–";
  }

  /** @param {any} line */
  _add(line) {
    const { bars, base } = /** @type {Shown} */ (this.of);
    const options = { priceLineVisible: false, lastValueVisible: false, priceFormat: { type: "custom", minMove: 1e-8, formatter: (/** @type {number} */ one) => this._number(one) } };
    if (bars) return this.chart.addSeries(HistogramSeries, options);
    if (base !== null && line.tone === "plain") return this.chart.addSeries(BaselineSeries, { ...options, baseValue: { type: "price", price: base }, lineWidth: 2, lineType: line.steps ? LineType.WithSteps : LineType.Simple });
    return this.chart.addSeries(LineSeries, { ...options, lineWidth: 2, lineStyle: styleOf(line.tone), lineType: line.steps ? LineType.WithSteps : LineType.Simple });
  }

  firstUpdated() {
    const shown = this.of;
    const plot = /** @type {HTMLElement | null} */ (this.querySelector(".plot"));
    if (!shown || !plot) return;
    this.chart = createChart(plot, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, background: { color: "transparent" } },
      timeScale: { timeVisible: this.head.candle_s < 86_400, secondsVisible: this.head.candle_s < 60, minBarSpacing: 0.1 },
      rightPriceScale: { minimumWidth: 74 },
      crosshair: { mode: 0 },
    });
    const times = store.candles.map((one) => one[0]);
    this._lines = shown.lines.map((line) => [line, this._add(line)]);
    this._paint();
    for (const [line, series] of this._lines) if (!shown.bars) series.setData(pointsOf(line, times));
    this.chart.timeScale().fitContent();
    joined(this.chart);
    const [[first, series]] = this._lines;
    readable(plot, this.chart, series, {
      times: () => times,
      value: (at) => first.values[at] ?? 0,
      say: (at) => `${moment(times[at], this.head.candle_s)}: ${shown.lines.map((one) => `${shown.lines.length > 1 ? `${one.name} ` : ""}${this._exact(one.values[at])}`).join(", ")} ${shown.unit}`,
      to: () => this.querySelector(".reading"),
    });
  }

  _paint() {
    if (!this.chart || !this.of) return;
    const grid = token("--grid");
    this.chart.applyOptions({ layout: { textColor: token("--soft") }, grid: { vertLines: { color: grid }, horzLines: { color: grid } }, timeScale: { borderColor: grid }, rightPriceScale: { borderColor: grid } });
    const [good, bad] = [token("--good"), token("--danger")];
    for (const [line, series] of this._lines) {
      if (this.of.bars) {
        const up = this.of.base === null ? token("--accent") : good;
        series.setData(pointsOf(line, store.candles.map((one) => one[0])).map((one) => ("value" in one ? { ...one, color: Number(one.value) < 0 ? bad : up } : one)));
      } else if (this.of.base !== null && line.tone === "plain") {
        series.applyOptions({ topLineColor: good, bottomLineColor: bad, topFillColor1: `${good}44`, topFillColor2: `${good}0a`, bottomFillColor1: `${bad}0a`, bottomFillColor2: `${bad}44` });
      } else series.applyOptions({ color: colourOf(line.tone) });
    }
  }

  render() {
    const shown = this.of;
    if (!shown) return nothing;
    return html`<section class="panel chart through-time" aria-label=${shown.title}>
      <h2>${shown.title} <span class="soft">${shown.unit}</span>${shown.lines.length > 1 ? html`<span class="keys-of-map">${shown.lines.map((one) => html`<i class="tone ${one.tone}"></i>${one.name} `)}</span>` : nothing}</h2>
      <p class="reading" role="status"></p>
      <div class="plot" tabindex="0" role="img" aria-label="${shown.title}, drawn through time. Arrow keys walk it, + and - zoom, 0 shows all."></div></section>`;
  }
}

customElements.define("sd-series", Series);
