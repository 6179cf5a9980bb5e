// @ts-check
/** The line of figures under the header. */

import { Panel, html, nothing } from "../panel.js";
import { clock, fixed, short, signed } from "../format.js";
import { store } from "../store.js";

/** @param {number} number */
const count = (number) => (number >= 1000 ? `${fixed(number / 1000, 1)}k` : fixed(number, 0));

class Strip extends Panel {
  /** @param {string} name @param {string} id @param {any} value @param {any} [under] @param {string} [tone] @param {string} [title] */
  _cell(name, id, value, under, tone = "", title = "") {
    return html`<div class="cell" title=${title}><dt>${name}</dt><dd class=${tone} data-testid=${id}>${value}</dd><dd class="soft" data-testid="${id}-more">${under ?? nothing}</dd></div>`;
  }

  render() {
    const gauges = store.parts.gauges;
    const counts = store.parts.counts;
    if (!gauges || !counts || !this.head) return html`<dl class="strip"></dl>`;
    const places = this.head.price_places;
    const quote = this.head.quote;
    const gone = gauges.makers - gauges.makers_present;
    const liquidated = counts.shorts_liquidated + counts.longs_liquidated;
    return html`<dl class="strip" aria-label="Figures of ${this.head.instrument}">
      <div class="cell wide"><dt>${this.head.instrument}</dt><dd class="big" data-testid="last">${fixed(gauges.last, places)}</dd><dd class="soft">${this.head.venue}</dd></div>
      ${this._cell("Mark", "mark", fixed(gauges.mark, places), `index ${fixed(gauges.index, places)}`, "", "What positions are valued and liquidated at")}
      ${this._cell("Basis", "basis", `${signed(gauges.basis_bps, 1)} bp`, "mark over index", gauges.basis_bps > 0 ? "up" : gauges.basis_bps < 0 ? "down" : "")}
      ${this._cell(`Funding ${gauges.funding_hours ? `/ ${fixed(gauges.funding_hours, 0)} h` : ""}`, "funding", `${signed(gauges.funding_pct, 4)} %`, html`in <span data-testid="funding-in">${clock(gauges.funding_in_s)}</span>`, gauges.funding_pct > 0 ? "up" : gauges.funding_pct < 0 ? "down" : "", "+ : longs pay shorts")}
      ${this._cell("Open interest", "open-interest", short(gauges.open_interest), quote)}
      ${this._cell("Liquidated", "liquidated", short(liquidated), `${fixed(counts.liquidations, 0)} positions`, counts.liquidations ? "danger" : "")}
      ${this._cell("Makers", "makers", `${gauges.makers_present} / ${gauges.makers}`, gone ? `${gone} gone` : "all quote", gone ? "danger" : "")}
      ${this._cell("Insurance fund", "insurance", short(gauges.insurance), gauges.deficit > 0 ? `deficit ${short(gauges.deficit)}` : quote, gauges.deficit > 0 ? "danger" : "")}
      ${this._cell("Deleveraged", "adl", short(counts.deleveraged), `queue ${count(counts.queue[0])} L · ${count(counts.queue[1])} S`, counts.deleveraged ? "danger" : "", "Winners closed by force to pay for losers (ADL); in line are so many longs (L) and shorts (S), as the venue ranks them")}
      ${gauges.pools.map((/** @type {any} */ pool) => this._cell(`Borrow ${pool.asset}`, `borrow-${pool.asset}`, `${fixed(pool.rate_pct_year, 1)} %`, `${fixed(pool.utilisation_pct, 0)} % lent`))}
    </dl>`;
  }
}

customElements.define("sd-strip", Strip);
