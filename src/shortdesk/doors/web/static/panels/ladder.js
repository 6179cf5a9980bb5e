// @ts-check
/** The book, price by price: asks above, bids below, own orders and forced ones marked. */

import { Panel, html } from "../panel.js";
import { fixed, sizePlaces } from "../format.js";
import { store } from "../store.js";

const ROW_PX = 18;
const GROUPS = [1, 2, 5, 10, 25];

/**
 * Levels in coarser groups, the best first.
 * @param {[number, number, number, number][]} levels @param {number} step @param {boolean} up
 */
export function grouped(levels, step, up) {
  /** @type {[number, number, number, number][]} */
  const found = [];
  for (const [price, size, own, forced] of levels) {
    const count = price / step;
    const edge = (up ? Math.ceil(count - 1e-9) : Math.floor(count + 1e-9)) * step;
    const last = found[found.length - 1];
    if (last && Math.abs(last[0] - edge) < step / 2) {
      last[1] += size;
      last[2] += own;
      last[3] += forced;
    } else found.push([edge, size, own, forced]);
  }
  return found;
}

class Ladder extends Panel {
  constructor() {
    super();
    this._rows = 12;
    this._group = 1;
    this._watcher = new ResizeObserver(() => this._fit());
  }

  firstUpdated() {
    this._watcher.observe(/** @type {Element} */ (this.querySelector(".rows")));
  }

  _fit() {
    const box = this.querySelector(".rows");
    const rows = Math.max(5, Math.floor(((box?.clientHeight ?? 0) - 30) / ROW_PX / 2));
    if (rows !== this._rows) {
      this._rows = rows;
      this.requestUpdate();
    }
  }

  /** @param {any[]} levels @param {number} most @param {string} side */
  _lines(levels, most, side) {
    const places = this.head.price_places;
    const lots = sizePlaces(store.parts.book.middle, this.head.size_places);
    const lines = [];
    let sum = 0;
    for (let at = 0; at < this._rows; at += 1) {
      const level = levels[at];
      sum += level?.[1] ?? 0;
      lines.push(html`<tr class=${side}>
        <td class="price">${level ? fixed(level[0], places) : ""}</td>
        <td class="bar"><i class=${side} style="width:${level ? Math.min(100, (100 * level[1]) / most) : 0}%"></i><i class="forced" style="width:${level ? Math.min(100, (100 * level[3]) / most) : 0}%"></i>${level ? fixed(level[1], lots) : ""}${level?.[2] ? html`<b title="yours">●</b>` : ""}</td>
        <td class="sum">${level ? fixed(sum, lots) : ""}</td></tr>`);
    }
    return side === "ask" ? lines.reverse() : lines;
  }

  render() {
    const book = store.parts.book;
    if (!book || !this.head) return html`<section class="panel ladder"><h2>Book</h2><div class="rows"></div></section>`;
    const step = book.step * this._group;
    const asks = grouped(book.asks, step, true).slice(0, this._rows);
    const bids = grouped(book.bids, step, false).slice(0, this._rows);
    const most = Math.max(1e-9, ...asks.map((one) => one[1]), ...bids.map((one) => one[1]));
    const places = this.head.price_places;
    return html`<section class="panel ladder" aria-label="Book">
      <h2>Book <select aria-label="Price step of the book" @change=${(/** @type {any} */ e) => { this._group = Number(e.target.value); this.requestUpdate(); }}>
        ${GROUPS.map((one) => html`<option value=${one} ?selected=${one === this._group}>${fixed(book.step * one, places)}</option>`)}</select></h2>
      <div class="rows" tabindex="0" aria-label="Levels of the book"><table>
        <thead class="sr"><tr><th scope="col">price</th><th scope="col">size, ${this.head.base}</th><th scope="col">sum</th></tr></thead>
        <tbody>${this._lines(asks, most, "ask")}
        <tr class="middle"><td class="price" data-testid="middle">${fixed(book.middle, places)}</td><td colspan="2" class="soft">spread ${fixed(book.spread_bps, 1)} bp</td></tr>
        ${this._lines(bids, most, "bid")}</tbody></table></div>
      <p class="sr" data-testid="book">bid ${fixed(book.bid, places)}, ask ${fixed(book.ask, places)}, spread ${fixed(book.spread_bps, 1)} bp</p>
    </section>`;
  }
}

customElements.define("sd-ladder", Ladder);
