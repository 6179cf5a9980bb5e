// @ts-check
/** Candles over the liquidation map; mark, own entry and own liquidation price as lines; forced trading below. */

import { CandlestickSeries, HistogramSeries, LineStyle, createChart } from "lightweight-charts";
import { Panel, html, nothing } from "../panel.js";
import { Heat } from "../heat.js";
import { fixed, short, signed } from "../format.js";
import { store } from "../store.js";
import { Overlay } from "./overlay.js";
import { apart, joined, moment, readable } from "./reading.js";

/** @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

class PriceChart extends Panel {
  constructor() {
    super();
    this.heat = new Heat();
    /** @type {any} */
    this.chart = null;
    this._drawn = 0;
    this._last = 0;
    /** @type {Record<string, any>} */
    this._lines = {};
    this._look = () => this._paint();
    this._reset = () => {
      this._drawn = 0;
      this._fit = true;
    };
    this._fit = true;
    /** @type {Overlay | null} */
    this.overlay = null;
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener("sd-look", this._look);
    store.addEventListener("reset", this._reset);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("sd-look", this._look);
    store.removeEventListener("reset", this._reset);
    if (this.chart) apart(this.chart);
    this.chart?.remove();
    this.chart = null;
    this.overlay = null;
    this._drawn = 0;
    this._lines = {};
  }

  _make() {
    const box = /** @type {HTMLElement} */ (this.querySelector(".plot"));
    this.chart = createChart(box, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, background: { color: "transparent" } },
      timeScale: { timeVisible: this.head.candle_s < 86_400, secondsVisible: this.head.candle_s < 60, rightOffset: this.head.whole ? 0 : 14, barSpacing: 5, minBarSpacing: this.head.whole ? 0.1 : 0.4, shiftVisibleRangeOnNewBar: true },
      rightPriceScale: { minimumWidth: this.head.whole ? 74 : 0, scaleMargins: { top: 0.06, bottom: 0.2 } },
      crosshair: { mode: 0 },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, { priceLineVisible: false, borderVisible: false, autoscaleInfoProvider: (/** @type {any} */ own) => this._range(own()) });
    this.candles.attachPrimitive(this.heat);
    this.volume = this.chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.forced = this.chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.85, bottom: 0 } });
    this.heat.x = (second) => this._x(second);
    this._read(box);
    this._paint();
  }

  /** The values under the pointer; on a page that shows everything also its lines, and its charts move together. @param {HTMLElement} box */
  _read(box) {
    readable(box, this.chart, this.candles, {
      times: () => store.candles.map((one) => one[0]),
      value: (at) => store.candles[at][4],
      say: (at) => this._say(at),
      to: () => this.querySelector(".reading"),
    });
    if (!this.head.whole) return;
    this.overlay = new Overlay(this.chart, this.candles);
    joined(this.chart);
  }

  /** One candle in words. @param {number} at */
  _say(at) {
    const [time, open, high, low, close, , buying, selling] = store.candles[at];
    const price = (/** @type {number} */ one) => fixed(one, this.head.price_places);
    const forced = buying + selling ? `, forced ${[buying && `buying ${short(buying)}`, selling && `selling ${short(selling)}`].filter(Boolean).join(" and ")}` : "";
    const lines = (store.parts.lines ?? []).map((/** @type {any} */ one) => (one.values[at] === null ? "" : `, ${one.name} ${price(one.values[at])}`)).join("");
    const signs = (store.parts.marks ?? []).filter((/** @type {any} */ one) => one.time === time).map((/** @type {any} */ one) => ` · ${one.text}`).join("");
    return `${moment(time, this.head.candle_s)}: ${price(open)} to ${price(close)} (${signed(100 * (close / open - 1), 2)} %), high ${price(high)}, low ${price(low)}${lines}${forced}${signs}`;
  }

  /** The range of the candles, and what dies within a per cent and a half of the mark. @param {any} info */
  _range(info) {
    const mark = store.parts.gauges?.mark;
    const map = store.columns[store.columns.length - 1]?.[1];
    if (!info?.priceRange || !mark || !map) return info;
    const range = info.priceRange;
    if (map.some((one) => one[1] && one[0] * this.heat.bin > mark)) range.maxValue = Math.max(range.maxValue, mark * 1.015);
    if (map.some((one) => one[2] && one[0] * this.heat.bin < mark)) range.minValue = Math.min(range.minValue, mark * 0.985);
    return info;
  }

  /** Where a moment lies, also between two candles. @param {number} second */
  _x(second) {
    const list = store.candles;
    if (!list.length || !this.chart) return null;
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle][0] < second) low = middle + 1;
      else high = middle;
    }
    const before = second < list[0][0] ? (second - list[0][0]) / (this.head?.candle_s ?? 5) : 0;
    const scale = this.chart.timeScale(); // knows whole bars alone
    const at = scale.logicalToCoordinate(low);
    return at === null ? null : at + (before - 0.5) * (scale.logicalToCoordinate(low + 1) - at);
  }

  _paint() {
    if (!this.chart) return;
    const grid = token("--grid");
    this.chart.applyOptions({
      layout: { textColor: token("--soft") },
      grid: { vertLines: { color: grid }, horzLines: { color: grid } },
      timeScale: { borderColor: grid },
      rightPriceScale: { borderColor: grid },
    });
    const up = token("--up");
    const down = token("--down");
    this.candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    this.volume.applyOptions({ color: token("--volume") });
    this.forced.applyOptions({ color: token("--danger") });
    this.heat.look(document.documentElement.dataset.theme === "dark");
    for (const [name, line] of Object.entries(this._lines)) line.applyOptions({ color: token(`--line-${name}`) });
    this.overlay?.paint();
  }

  /** @param {string} name @param {number} price @param {string} title */
  _line(name, price, title) {
    if (!price) {
      if (this._lines[name]) this.candles.removePriceLine(this._lines[name]);
      delete this._lines[name];
    } else if (this._lines[name]) {
      if (this._lines[name].options().price !== price) this._lines[name].applyOptions({ price, title });
    } else {
      const style = name === "liquidation" ? LineStyle.Solid : LineStyle.Dashed;
      this._lines[name] = this.candles.createPriceLine({ price, title, color: token(`--line-${name}`), lineWidth: name === "liquidation" ? 2 : 1, lineStyle: style, axisLabelVisible: true });
    }
  }

  updated() {
    if (!this.head) return;
    if (!this.chart) this._make();
    const { candles, columns, parts } = store;
    const bar = (/** @type {any} */ [time, open, high, low, close]) => ({ time, open, high, low, close });
    const worth = (/** @type {any} */ one) => ({ time: one[0], value: one[5] });
    const pushed = (/** @type {any} */ one) => (one[6] + one[7] ? { time: one[0], value: one[6] + one[7] } : { time: one[0] });
    if (this._drawn === 0 || candles.length < this._drawn || candles.length - this._drawn > 50) {
      this.candles.applyOptions({ priceFormat: { type: "price", precision: this.head.price_places, minMove: this.head.tick } });
      this.candles.setData(candles.map(bar));
      const isKnown = candles.some((one) => one[5] > 0);
      this.volume.setData(isKnown ? candles.map(worth) : []);
      this.forced.setData(isKnown ? candles.map(pushed) : []);
    } else {
      for (const one of candles.slice(Math.max(0, this._drawn - 1))) {
        this.candles.update(bar(one));
        this.volume.update(worth(one));
        this.forced.update(pushed(one));
      }
    }
    if (this._fit && candles.length) {
      this._fit = false;
      this._begin();
    }
    this.overlay?.point(parts.here ?? 0);
    this._drawn = candles.length;
    this.heat.show(columns, this.head.bin);
    const position = parts.you?.position;
    this._line("mark", parts.gauges?.mark ?? 0, "mark");
    this._line("entry", position?.entry ?? 0, position?.size < 0 ? "short" : "long");
    this._line("liquidation", position?.liquidation ?? 0, "liquidation");
  }

  /** What is seen first: the newest candles while the market runs, all of them or a part on a page. */
  _begin() {
    const scale = this.chart.timeScale();
    if (!this.head.whole) return scale.scrollToRealTime();
    this.overlay?.show(store.parts.lines ?? [], store.parts.marks ?? [], store.candles.map((one) => one[0]));
    scale.fitContent();
    this.requestUpdate(); // the key of the map is known only now
    if (this.head.seen) scale.setVisibleLogicalRange({ from: this.head.seen[0], to: this.head.seen[1] });
  }

  _mirror() {
    const last = store.candles[store.candles.length - 1];
    const map = store.columns[store.columns.length - 1];
    if (!last) return "no trades yet";
    const places = this.head?.price_places ?? 2;
    const told = `${store.candles.length} candles, the last opened ${fixed(last[1], places)}, high ${fixed(last[2], places)}, low ${fixed(last[3], places)}, closed ${fixed(last[4], places)}`;
    if (!map) return told;
    const total = map[1].reduce((sum, one) => sum + one[1] + one[2], 0);
    return `${told}; ${fixed(total, 0)} ${this.head?.quote} wait to be liquidated at ${map[1].length} steps of price`;
  }

  _words() {
    if (!this.head) return "";
    const step = this.head.candle_s;
    const each = step % 86_400 === 0 ? `${step / 86_400} d` : step % 3600 === 0 ? `${step / 3600} h` : step % 60 === 0 ? `${step / 60} min` : `${step} s`;
    return `${each} candles over ${this.head.under ?? "the exact liquidation map"}`;
  }

  _names() {
    const lines = store.parts.lines ?? [];
    return lines.length ? html`<span class="keys-of-map">${lines.map((/** @type {any} */ one) => html`<i class="tone ${one.tone}"></i>${one.name} `)}</span>` : nothing;
  }

  _scale() {
    if (this.head?.under && !store.columns.length) return nothing;
    return html`<span class="heatkey"><span class="soft">to be liquidated per step</span> 0<i></i>${short(this.heat.most)}</span>`;
  }

  render() {
    return html`<section class="panel chart" aria-label="Price over the liquidation map">
      <h2>${this.head?.instrument ?? ""} <span class="soft">${this._words()}</span>${this._names()}${this._scale()}</h2>
      <div class="over"><p class="reading" role="status" data-testid="reading"></p></div>
      <div class="plot" tabindex="0" role="img" aria-label="Candles over the liquidation map; the text below says the same. Arrow keys walk the candles, + and - zoom, 0 shows all."></div>
      <p class="sr" data-testid="chart">${this._mirror()}</p></section>`;
  }
}

customElements.define("sd-chart", PriceChart);
