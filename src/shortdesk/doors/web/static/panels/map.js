// @ts-check
/**
 * The liquidation map: truth beside the estimate step by step, cumulative below, the book on the same axis.
 * Drawn on a canvas; the table beside it says the same in text.
 */

import { Sheet, label, priceAxis, ticks, token } from "../canvas.js";
import { fixed, short } from "../format.js";
import { offKey, onKey } from "../keys.js";
import { Panel, html } from "../panel.js";
import { store } from "../store.js";

const REACHES = [2, 5, 10, 25];
const ROWS = 8;

/** @typedef {{ exact: number[], guessed: number[], book: number[], gain: number[], positions: number, placed: number, beyond: number, ignition: number, ignition_book: number, depth_1pct: number, oi_over_depth: number, greatest_gain: number, near: [number, number][], misplaced_pct: number | null, size_ratio: number | null, mean_distance: number | null }} Side */
/** @typedef {{ mark: number, reach_pct: number, steps: number, open_interest: number, shorts: Side, longs: Side }} View */

/**
 * Steps of one side added up into rows of equal width within a reach, the nearest first.
 * @param {Side} side @param {number} steps that the rows take in all @param {number} rows
 */
export function inRows(side, steps, rows) {
  const each = steps / rows;
  const found = [];
  let cumulated = 0;
  let walled = 0;
  for (let row = 0; row < rows; row += 1) {
    let exact = 0;
    let guessed = 0;
    let book = 0;
    let gain = 0;
    for (let at = Math.floor(row * each); at < Math.ceil((row + 1) * each) && at < side.exact.length; at += 1) {
      const part = Math.min(at + 1, (row + 1) * each) - Math.max(at, row * each);
      exact += part * side.exact[at];
      guessed += part * side.guessed[at];
      book += part * side.book[at];
      gain += (part / each) * side.gain[at];
    }
    cumulated += exact;
    walled += book;
    found.push({ exact, guessed, book, gain, cumulated, walled });
  }
  return found;
}

class LiquidationMap extends Panel {
  constructor() {
    super();
    this._reach = 1;
    this._estimate = true;
    /** @type {number | null} */
    this._cursor = null;
    this._sign = 1;
    this._sheet = new Sheet((context, width, height) => this._draw(context, width, height));
  }

  connectedCallback() {
    super.connectedCallback();
    onKey("[", "map: nearer", () => this._near(-1));
    onKey("]", "map: further", () => this._near(1));
    onKey("e", "map: estimate on or off", () => this._toggle());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._sheet.detach();
    for (const key of ["[", "]", "e"]) offKey(key);
  }

  /** @returns {View | undefined} */
  get _view() {
    return store.parts.liquidations ?? undefined;
  }

  /** @param {number} by */
  _near(by) {
    this._reach = Math.min(REACHES.length - 1, Math.max(0, this._reach + by));
    this.requestUpdate();
  }

  _toggle() {
    this._estimate = !this._estimate;
    this.requestUpdate();
  }

  /** Steps within the chosen reach. @param {View} view */
  _steps(view) {
    return Math.round((view.steps * REACHES[this._reach]) / view.reach_pct);
  }

  updated() {
    const canvas = /** @type {HTMLCanvasElement | null} */ (this.querySelector("canvas"));
    if (canvas) this._sheet.attach(canvas);
    this._sheet.draw();
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height */
  _draw(context, width, height) {
    const view = this._view;
    if (!view || !this.head) return;
    const steps = this._steps(view);
    const reach = REACHES[this._reach] / 100;
    const low = view.mark * (1 - reach);
    const high = view.mark * (1 + reach);
    const left = 52;
    const right = width - 10;
    const x = (/** @type {number} */ price) => left + ((price - low) / (high - low)) * (right - left);
    const cut = Math.round((height - 20) * 0.52);
    const upper = { low, high, left, right, top: 18, bottom: cut };
    const lower = { low, high, left, right, top: cut + 30, bottom: height - 20 };
    const text = (/** @type {number} */ price) => fixed(price, price >= 1000 ? 0 : this.head.price_places);
    priceAxis(context, upper, x, () => "");
    priceAxis(context, lower, x, text);
    const sides = /** @type {[Side, 1 | -1][]} */ ([[view.shorts, 1], [view.longs, -1]]);
    this._bars(context, upper, x, view, steps, sides);
    this._sums(context, lower, x, view, steps, sides);
    this._lines(context, width, x, view, upper, lower, text);
  }

  /** Worth per step: truth filled, the estimate as an outline. @param {CanvasRenderingContext2D} context @param {any} box @param {(price: number) => number} x @param {View} view @param {number} steps @param {[Side, 1 | -1][]} sides */
  _bars(context, box, x, view, steps, sides) {
    const step = (view.mark * view.reach_pct) / 100 / view.steps;
    const most = Math.max(1, ...sides.flatMap(([side]) => [...side.exact.slice(0, steps), ...(this._estimate ? side.guessed.slice(0, steps) : [])]));
    const y = (/** @type {number} */ worth) => box.bottom - (worth / most) * (box.bottom - box.top);
    this._scale(context, box, most, y);
    for (const [side, sign] of sides) {
      for (let at = 0; at < steps; at += 1) {
        const one = x(view.mark + sign * at * step);
        const other = x(view.mark + sign * (at + 1) * step);
        const from = Math.min(one, other);
        const wide = Math.abs(other - one);
        context.fillStyle = token("--danger");
        context.globalAlpha = at === this._cursor && sign === this._sign ? 1 : 0.75;
        if (side.exact[at]) context.fillRect(from + 0.5, y(side.exact[at]), Math.max(1, wide - 1), box.bottom - y(side.exact[at]));
        context.globalAlpha = 1;
      }
      if (!this._estimate) continue;
      context.strokeStyle = token("--accent");
      context.lineWidth = 1.5;
      context.beginPath();
      for (let at = 0; at < steps; at += 1) {
        const level = y(side.guessed[at]);
        context.lineTo(x(view.mark + sign * at * step), level);
        context.lineTo(x(view.mark + sign * (at + 1) * step), level);
      }
      context.stroke();
    }
    context.fillStyle = token("--soft");
    context.textAlign = "left";
    context.fillText("per step of price", box.left + 4, box.top - 6);
  }

  /** Cumulative from the mark outward, over the book. @param {CanvasRenderingContext2D} context @param {any} box @param {(price: number) => number} x @param {View} view @param {number} steps @param {[Side, 1 | -1][]} sides */
  _sums(context, box, x, view, steps, sides) {
    const step = (view.mark * view.reach_pct) / 100 / view.steps;
    /** @param {number[]} values */
    const sums = (values) => {
      let sum = 0;
      return values.slice(0, steps).map((one) => (sum += one));
    };
    const lines = sides.map(([side, sign]) => ({ sign, exact: sums(side.exact), guessed: sums(side.guessed), book: sums(side.book) }));
    const most = Math.max(1, ...lines.flatMap((one) => [one.exact[steps - 1], one.book[steps - 1], this._estimate ? one.guessed[steps - 1] : 0]));
    const y = (/** @type {number} */ worth) => box.bottom - (worth / most) * (box.bottom - box.top);
    this._scale(context, box, most, y);
    /** @param {number[]} values @param {number} sign @param {string} stroke @param {string} fill @param {number[]} dash */
    const path = (values, sign, stroke, fill, dash = []) => {
      context.beginPath();
      context.moveTo(x(view.mark), box.bottom);
      let before = 0;
      for (let at = 0; at < steps; at += 1) {
        context.lineTo(x(view.mark + sign * at * step), y(before));
        before = values[at];
        context.lineTo(x(view.mark + sign * (at + 1) * step), y(before));
      }
      context.setLineDash(dash);
      context.strokeStyle = stroke;
      context.lineWidth = 1.6;
      context.stroke();
      context.setLineDash([]);
      if (!fill) return;
      context.lineTo(x(view.mark + sign * steps * step), box.bottom);
      context.closePath();
      context.globalAlpha = 0.22;
      context.fillStyle = fill;
      context.fill();
      context.globalAlpha = 1;
    };
    for (const { sign, exact, guessed, book } of lines) {
      const colour = token(sign > 0 ? "--down" : "--up");
      path(book, sign, colour, colour);
      path(exact, sign, token("--danger"), "");
      if (this._estimate) path(guessed, sign, token("--accent"), "", [4, 3]);
    }
    context.fillStyle = token("--soft");
    context.textAlign = "left";
    context.fillText("added up from the mark, over the book in the way", box.left + 4, box.top - 6);
  }

  /** @param {CanvasRenderingContext2D} context @param {any} box @param {number} most @param {(worth: number) => number} y */
  _scale(context, box, most, y) {
    context.fillStyle = token("--soft");
    context.strokeStyle = token("--grid");
    context.textAlign = "right";
    for (const worth of ticks(0, most, Math.floor((box.bottom - box.top) / 34))) {
      const at = Math.round(y(worth)) + 0.5;
      context.beginPath();
      context.moveTo(box.left, at);
      context.lineTo(box.right, at);
      context.stroke();
      context.fillText(worth ? short(worth).replace(/\.0+ /, " ") : "0", box.left - 6, at + 4);
    }
  }

  /** The mark, the ignition price, and the cursor, through both plots. @param {CanvasRenderingContext2D} context @param {number} width @param {(price: number) => number} x @param {View} view @param {any} upper @param {any} lower @param {(price: number) => string} text */
  _lines(context, width, x, view, upper, lower, text) {
    /** @param {number} price @param {string} colour @param {number[]} dash @param {string} name @param {number} y */
    const line = (price, colour, dash, name, y) => {
      if (!price || price < upper.low || price > upper.high) return;
      const at = Math.round(x(price)) + 0.5;
      context.strokeStyle = colour;
      context.lineWidth = name ? 1.4 : 1;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(at, upper.top);
      context.lineTo(at, lower.bottom);
      context.stroke();
      context.setLineDash([]);
      if (name) label(context, `${name} ${text(price)}`, at, y, width, colour);
    };
    if (this._cursor !== null) {
      const step = (view.mark * view.reach_pct) / 100 / view.steps;
      line(view.mark + this._sign * (this._cursor + 0.5) * step, token("--soft"), [2, 2], "", 0);
    }
    line(view.mark, token("--line-mark"), [], "mark", upper.bottom + 13);
    line(view.shorts.ignition_book, token("--danger"), [5, 3], "ignition", 12);
    line(view.longs.ignition_book, token("--danger"), [5, 3], "ignition", 12);
    line(store.parts.you?.position?.liquidation ?? 0, token("--line-liquidation"), [], "you die", lower.bottom - 4);
  }

  /** Which step of which side a place on the canvas is. @param {any} event */
  _point(event) {
    const view = this._view;
    if (!view) return;
    const width = event.target.clientWidth - 62;
    const part = (2 * (event.offsetX - 52)) / width - 1;
    this._at(Math.sign(part) * Math.max(0, Math.min(this._steps(view) - 1, Math.floor(Math.abs(part) * this._steps(view)))), Math.sign(part));
  }

  /** @param {number} step signed @param {number} sign */
  _at(step, sign) {
    this._sign = sign < 0 ? -1 : 1;
    this._cursor = Math.abs(step);
    this.requestUpdate();
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const view = this._view;
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!by || !view) return;
    event.preventDefault();
    const steps = this._steps(view);
    const place = this._cursor === null ? (by > 0 ? 0 : -1) : (this._sign > 0 ? this._cursor : -1 - this._cursor) + by;
    const held = Math.max(-steps, Math.min(steps - 1, place));
    this._at(held >= 0 ? held : -1 - held, held >= 0 ? 1 : -1);
  }

  /** What the cursor stands on. @param {View} view */
  _readout(view) {
    if (this._cursor === null) return html`<span class="soft">Point at a price, or use ← and →.</span>`;
    const up = this._sign > 0;
    const side = up ? view.shorts : view.longs;
    const step = (view.mark * view.reach_pct) / 100 / view.steps;
    const near = view.mark + this._sign * this._cursor * step;
    const far = near + this._sign * step;
    const sum = (/** @type {number[]} */ values) => values.slice(0, (this._cursor ?? 0) + 1).reduce((a, b) => a + b, 0);
    const price = (/** @type {number} */ one) => fixed(one, this.head.price_places);
    return html`<b>${price(Math.min(near, far))} – ${price(Math.max(near, far))}</b> <span class="danger">${short(side.exact[this._cursor])} ${up ? "shorts" : "longs"}</span>, estimate ${short(side.guessed[this._cursor])} · up to there <b>${short(sum(side.exact))}</b> against ${short(sum(side.book))} ${up ? "offered" : "bid"}`;
  }

  /** @param {View} view */
  _table(view) {
    const steps = this._steps(view);
    const each = (view.mark * REACHES[this._reach]) / 100 / ROWS;
    const price = (/** @type {number} */ one) => fixed(one, this.head.price_places);
    /** @param {Side} side @param {number} sign */
    const rows = (side, sign) => inRows(side, steps, ROWS).map((one, at) => {
      const far = view.mark + sign * (at + 1) * each;
      return html`<tr class=${one.cumulated > one.walled && one.cumulated > 0 ? "lit" : ""}><th scope="row" class="n">${price(far)}</th><td class="n danger">${one.exact ? short(one.exact) : "–"}</td><td class="n estimate">${one.guessed ? short(one.guessed) : "–"}</td><td class="n">${one.cumulated ? short(one.cumulated) : "–"}</td><td class="n soft">${short(one.walled)}</td></tr>`;
    });
    return html`<table class="steps-of-price" data-testid="map-table"><thead><tr><th scope="col" class="n">to price</th><th scope="col" class="n">truth</th><th scope="col" class="n">estimate</th><th scope="col" class="n">in all</th><th scope="col" class="n">book</th></tr></thead>
      <tbody>${rows(view.shorts, 1).reverse()}<tr class="here"><th scope="row" class="n">${price(view.mark)}</th><td colspan="4">the mark · shorts above, longs below</td></tr>${rows(view.longs, -1)}</tbody></table>`;
  }

  /** @param {View} view */
  _figures(view) {
    const price = (/** @type {number} */ one) => (one ? fixed(one, this.head.price_places) : "none");
    const away = (/** @type {number} */ one) => (one ? `${one > view.mark ? "+" : ""}${fixed(100 * (one / view.mark - 1), 2)} %` : "never feeds itself");
    const { shorts, longs } = view;
    const near = shorts.near.find(([distance]) => distance === 2);
    const error = shorts.misplaced_pct === null ? "–" : `${fixed(shorts.misplaced_pct, 0)} %`;
    const under = shorts.size_ratio === null ? "" : `${fixed(shorts.size_ratio, 2)} × the size`;
    return html`<dl class="figures">
      <div title="The first price at which covering so far eats every offer on the way: from there the squeeze feeds itself"><dt>Ignition, shorts</dt><dd class="danger" data-testid="ignition">${price(shorts.ignition_book)}</dd><dd class="soft" data-testid="ignition-more">${away(shorts.ignition_book)}</dd></div>
      <div title="The same with the depth within 1 % spread evenly, as shortdesk squeeze has it"><dt>with even depth</dt><dd data-testid="ignition-even">${price(shorts.ignition)}</dd><dd class="soft">${away(shorts.ignition)}</dd></div>
      <div><dt>Ignition, longs</dt><dd data-testid="ignition-longs">${price(longs.ignition_book)}</dd><dd class="soft">${away(longs.ignition_book)}</dd></div>
      <div title="Open interest over what is offered within 1 %"><dt>Interest over depth</dt><dd data-testid="over-depth">${short(shorts.oi_over_depth)} ×</dd><dd class="soft">${short(shorts.depth_1pct)} within 1 %</dd></div>
      <div><dt>Shorts within 2 %</dt><dd data-testid="near-2">${near ? `${fixed(near[1], 1)} %` : "none"}</dd><dd class="soft">of the open interest</dd></div>
      <div title="Open interest, where was traded, and an assumed mix of leverage: what outsiders can know"><dt>Estimate misplaced</dt><dd data-testid="misplaced">${error}</dd><dd class="soft">${under}</dd></div>
    </dl>`;
  }

  render() {
    const view = this._view;
    if (!this.head) return html`<section class="panel map"><h2>Liquidation map</h2></section>`;
    if (!view)
      return html`<section class="panel map"><h2>Liquidation map</h2><p class="hint" data-testid="no-map">${this.head.instrument} has no liquidation prices: nobody holds it on margin here. Choose a scenario with a perpetual.</p></section>`;
    return html`<section class="panel map" aria-label="Liquidation map">
        <h2>Liquidation map <span class="soft">${this.head.instrument}, ${this.head.quote}</span>
          <span class="keys-of-map"><i class="truth"></i>truth <button class="plain" aria-pressed=${this._estimate} @click=${() => this._toggle()} title="Estimate on or off (e)" data-testid="estimate"><i class="guess"></i>estimate</button> <i class="wall"></i>book</span>
          <select aria-label="How far the map reaches" title="Reach ([ and ])" data-testid="reach" @change=${(/** @type {any} */ e) => { this._reach = Number(e.target.value); this.requestUpdate(); }}>${REACHES.map((one, at) => html`<option value=${at} ?selected=${at === this._reach}>± ${one} %</option>`)}</select></h2>
        <p class="readout" data-testid="readout">${this._readout(view)}</p>
        <canvas class="plot" tabindex="0" role="img" aria-label="Worth to be liquidated by price, and the book; the table says the same. Arrow keys move the cursor." @pointermove=${this._point} @keydown=${this._key} @pointerleave=${() => { this._cursor = null; this.requestUpdate(); }}></canvas>
      </section>
      <section class="panel mapside" aria-label="The map in figures"><h2>In figures</h2>${this._figures(view)}
        <div class="scroll" tabindex="0" role="region" aria-label="The map as a table">${this._table(view)}</div>
        <p class="sr" data-testid="map">${fixed(view.shorts.positions, 0)} shorts worth ${short(view.shorts.placed)} and ${fixed(view.longs.positions, 0)} longs worth ${short(view.longs.placed)} ${this.head.quote} have a liquidation price; ${view.shorts.ignition_book ? `above ${fixed(view.shorts.ignition_book, this.head.price_places)} covering feeds itself` : "no price lets covering feed itself"}.</p>
      </section>`;
  }
}

customElements.define("sd-map", LiquidationMap);
