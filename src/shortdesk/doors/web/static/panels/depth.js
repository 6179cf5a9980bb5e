// @ts-check
/** The depth curve: bids and offers added up from the middle outward, and over them what dies on the way. */

import { Sheet, label, priceAxis, token } from "../canvas.js";
import { fixed, short } from "../format.js";
import { Panel, html } from "../panel.js";
import { store } from "../store.js";

const REACH = 0.01;
const FADE = 0.985; // the scale follows a falling depth slowly, so that a drain is seen

/**
 * Levels as a stair of worth added up, within a reach of the middle.
 * @param {[number, number, number, number][]} levels best first @param {number} middle @param {number} reach
 * @returns {[number, number][]} price, worth up to and with it
 */
export function stair(levels, middle, reach) {
  let sum = 0;
  /** @type {[number, number][]} */
  const found = [];
  for (const [price, size] of levels) {
    if (Math.abs(price - middle) > reach * middle) break;
    sum += price * size;
    found.push([price, sum]);
  }
  return found;
}

/**
 * Worth that dies between the mark and each step of price, shorts upward or longs downward, to the first step past a
 * limit: a dashed line to who dies at ten times the price would cost more than the rest of the page.
 * @param {[number, number, number][]} bins @param {number} step @param {number} mark @param {boolean} up @param {number} limit
 * @returns {[number, number][]}
 */
export function deadly(bins, step, mark, up, limit) {
  let sum = 0;
  /** @type {[number, number][]} */
  const found = [];
  for (const [bin, shorts, longs] of up ? bins : [...bins].reverse()) {
    const worth = up ? shorts : longs;
    const far = (up ? bin + 1 : bin) * step;
    if (!worth || (up ? far <= mark : far >= mark)) continue;
    sum += worth;
    found.push([far, sum]);
    if (up ? far > limit : far < limit) break;
  }
  return found;
}

class Depth extends Panel {
  constructor() {
    super();
    this._most = 0;
    this._sheet = new Sheet((context, width, height) => this._draw(context, width, height));
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._sheet.detach();
  }

  updated() {
    const canvas = /** @type {HTMLCanvasElement | null} */ (this.querySelector("canvas"));
    if (canvas) this._sheet.attach(canvas);
    this._sheet.draw();
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  _draw(context, width, height) {
    const { book, deaths, gauges } = store.parts;
    if (!book?.middle || !this.head) return;
    const { middle } = book;
    const box = { low: middle * (1 - REACH), high: middle * (1 + REACH), left: 0, right: width, top: 4, bottom: height - 18 };
    const x = (/** @type {number} */ price) => ((price - box.low) / (box.high - box.low)) * width;
    const bids = stair(book.bids, middle, REACH);
    const asks = stair(book.asks, middle, REACH);
    const most = Math.max(1, bids.at(-1)?.[1] ?? 0, asks.at(-1)?.[1] ?? 0);
    this._most = Math.max(most, this._most * FADE);
    const y = (/** @type {number} */ worth) => box.bottom - Math.min(1.02, worth / this._most) * (box.bottom - box.top - 16);
    priceAxis(context, box, x, (price) => fixed(price, price >= 1000 ? 0 : this.head.price_places));
    /** @param {[number, number][]} points @param {number} edge @param {string} colour @param {boolean} fills */
    const draw = (points, edge, colour, fills) => {
      if (!points.length) return;
      context.beginPath();
      context.moveTo(x(points[0][0]), box.bottom);
      let before = box.bottom;
      for (const [price, worth] of points) {
        context.lineTo(x(price), before);
        before = y(worth);
        context.lineTo(x(price), before);
      }
      context.lineTo(edge, before);
      context.strokeStyle = colour;
      context.lineWidth = 1.5;
      context.stroke();
      if (!fills) return;
      context.lineTo(edge, box.bottom);
      context.closePath();
      context.fillStyle = colour;
      context.globalAlpha = 0.2;
      context.fill();
      context.globalAlpha = 1;
    };
    draw(bids, 0, token("--up"), true);
    draw(asks, width, token("--down"), true);
    if (deaths && gauges?.mark) {
      context.setLineDash([4, 3]);
      draw(deadly(deaths.bins, deaths.step, gauges.mark, true, box.high), width, token("--danger"), false);
      draw(deadly(deaths.bins, deaths.step, gauges.mark, false, box.low), 0, token("--danger"), false);
      context.setLineDash([]);
    }
    const last = book.bid_depth.length - 1;
    label(context, short(book.bid_depth[last]), 4, 14, width, token("--up"), "left");
    label(context, short(book.ask_depth[last]), width - 4, 14, width, token("--down"), "right");
  }

  render() {
    const book = store.parts.book;
    return html`<section class="panel depth" aria-label="Depth near the middle"><h2>Depth within 1 % <span class="soft">${this.head?.quote ?? ""}</span><span class="keys-of-map"><i class="dies"></i>dies on the way</span></h2>
      <canvas role="img" aria-label="Bids and offers added up from the middle; the table says the same"></canvas>
      <table class="sr" data-testid="depth"><thead><tr><th scope="col">bids</th><th scope="col">within</th><th scope="col">asks</th></tr></thead><tbody>${(book?.bands_bps ?? []).map(
        (/** @type {number} */ band, /** @type {number} */ at) => html`<tr><td>${short(book.bid_depth[at])}</td><th scope="row">${band} bp</th><td>${short(book.ask_depth[at])}</td></tr>`,
      )}</tbody></table></section>`;
  }
}

customElements.define("sd-depth", Depth);
