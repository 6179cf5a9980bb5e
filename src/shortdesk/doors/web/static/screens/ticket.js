// @ts-check
/** The short ticket: one short on every venue side by side; where it dies, what it costs, how likely that is. */

import { ask } from "../ask.js";
import { fixed, short } from "../format.js";
import { offKey, onKey } from "../keys.js";
import { Panel, html, nothing } from "../panel.js";
import "../panels/report.js";
import { store } from "../store.js";

const WAIT_MS = 120;

/** @param {number | null} value */
const price = (value) => (value === null ? "none" : fixed(value, value >= 1000 ? 1 : value >= 1 ? 3 : 8));
/** @param {number | null} value */
const amount = (value) => (value === null ? "–" : Math.abs(value) >= 1 ? fixed(value, 2) : fixed(value, 6));
/** @param {number | null} value */
const chance = (value) => (value === null ? "–" : value > 0 && value < 0.001 ? "< 0.1 %" : `${fixed(100 * value, 1)} %`);
/** @param {number | null} value */
const carry = (value) => (value === null ? "–" : value === 0 ? "0" : `${value > 0 ? "pays" : "gets"} ${amount(Math.abs(value))}`);

class Compare extends Panel {
  constructor() {
    super();
    /** @type {Record<string, string>} */
    this._given = { symbol: "BTC", size: "1", leverage: "10", entry: "", stop: "", horizon: "7", volatility: "" };
    /** @type {any} */
    this._found = null;
    this._error = "";
    this._explain = "binance_usdm";
    this._timer = 0;
    this._number = 0;
    this._turn = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    store.removeEventListener("frame", this._again);
    onKey("s", "short ticket: go to the size", () => /** @type {HTMLElement | null} */ (this.querySelector("[name=size]"))?.focus());
    this._ask();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this._timer);
    offKey("s");
  }

  async _ask() {
    const number = ++this._number;
    const found = await ask(`/ticket?${new URLSearchParams({ ...this._given, explain: this._explain })}`);
    if (number !== this._number) return;
    this._error = found.error ?? "";
    if (!found.error) this._found = found;
    this.requestUpdate();
  }

  /** @param {string} name @param {string} value */
  _set(name, value) {
    this._given = { ...this._given, [name]: value };
    if (name === "symbol") Object.assign(this._given, { entry: "", stop: "", volatility: "" });
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._ask(), WAIT_MS);
    this.requestUpdate();
  }

  /** @param {string} venue */
  _unfold(venue) {
    this._explain = this._explain === venue ? "" : venue;
    this._ask();
  }

  /** @param {string} name @param {string} label @param {string} hint @param {unknown} [slider] */
  _field(name, label, hint, slider) {
    return html`<div class="question"><label><span>${label}</span><input name=${name} autocomplete="off" .value=${this._given[name]} placeholder=${hint} @input=${(/** @type {any} */ e) => this._set(name, e.target.value)} data-testid="ask-${name}" /></label>${slider ?? nothing}</div>`;
  }

  /** @param {string} name @param {string} label @param {number} least @param {number} most @param {number} value @param {(at: number) => string} text */
  _slider(name, label, least, most, value, text) {
    return html`<input type="range" min=${least} max=${most} step="0.01" .value=${String(value)} aria-label="${label}, slider" aria-valuetext=${text(value)} @input=${(/** @type {any} */ e) => this._set(name, text(Number(e.target.value)))} data-testid="slide-${name}" />`;
  }

  _form() {
    const given = this._given;
    const entry = this._found?.entry ?? 1;
    const size = Number(given.size) || 1;
    const leverage = Number(given.leverage) || 10;
    const stop = Number(given.stop) || entry;
    /** @param {number} value */
    const rounded = (value) => String(Number(value.toPrecision(value >= 1000 ? 5 : 4)));
    return html`<form class="asks" @submit=${(/** @type {Event} */ e) => { e.preventDefault(); this._ask(); }}>
      ${this._field("symbol", "Short", "BTC")}
      ${this._field("size", "Size", "1, 2BTC, 250k", this._slider("size", "Size in coins", -3, 4, Math.log10(size), (at) => rounded(10 ** at)))}
      ${this._field("leverage", "Leverage", "10", this._slider("leverage", "Leverage", 0, 2.1, Math.log10(leverage), (at) => String(Math.max(1, Math.round(10 ** at)))))}
      ${this._field("entry", "Entry", this._found ? price(entry) : "", this._slider("entry", "Entry", 0, 2, 1, (at) => rounded(this._base() * (0.5 + at / 2))))}
      ${this._field("stop", "Stop", "none", this._slider("stop", "Stop, per cent above the entry", 0.1, 30, Math.max(0.1, 100 * (stop / entry - 1)), (at) => rounded(entry * (1 + at / 100))))}
      ${this._field("horizon", "Days", "7")}
      ${this._field("volatility", "Volatility", this._found?.volatility ? `${fixed(100 * this._found.volatility, 1)}%` : "60%")}
    </form>`;
  }

  /** The price that the entry's slider turns around: where it stood before it was moved. */
  _base() {
    if (!this._given.entry || !this._turn) this._turn = this._found?.entry ?? 1;
    return this._turn;
  }

  /** @param {any[]} taken */
  _table(taken) {
    const days = fixed(this._found.horizon_days, 0);
    /** @type {[string, (one: any) => unknown, string?][]} */
    const rows = [
      ["contract", (one) => html`${one.symbol}<br /><span class="soft">${one.kind}</span>`],
      ["margin", (one) => `${one.mode} ${one.leverage ? `${fixed(one.leverage, 1).replace(/\.0$/, "")}×` : ""}`],
      ["worth", (one) => short(one.notional)],
      ["wallet", (one) => `${amount(one.wallet)} ${one.settle}`],
      ["maintenance", (one) => `${amount(one.maintenance_margin)} ${one.settle}`],
      ["liquidation price", (one) => html`<b class="danger" data-testid="liquidation-${one.venue}">${price(one.liquidation)}</b>`, "strong"],
      ["away", (one) => (one.distance_pct === null ? "–" : `+${fixed(one.distance_pct, 2)} %`)],
      ["bankruptcy price", (one) => price(one.bankruptcy)],
      [`chance in ${days} days`, (one) => html`<b>${chance(one.probability)}</b><i class="gauge"><i class="bad" style="width:${100 * (one.probability ?? 0)}%"></i></i>`, "strong"],
      ["the same with jumps", (one) => chance(one.with_jumps)],
      ["break-even price", (one) => price(one.break_even)],
      ["fees, both ways", (one) => `${amount(one.fees)} ${one.settle}`],
      ["carry a day", (one) => carry(one.carry_per_day)],
      [`carry, ${days} days`, (one) => carry(one.carry)],
    ];
    if (this._given.stop)
      rows.push(["at the stop", (one) => !one.stop ? "–" : one.stop.is_too_late ? html`<span class="bad">liquidated first</span>` : html`loses ${amount(one.stop.loss)}<br /><span class="soft">${fixed(one.stop.of_wallet_pct, 0)} % of the wallet</span>`]);
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Venues side by side"><table class="venues" data-testid="venues"><thead><tr><th scope="col"></th>${taken.map((one) => html`<th scope="col" class="n"><button class="link" aria-expanded=${one.venue === this._explain} @click=${() => this._unfold(one.venue)} data-testid="unfold-${one.venue}">${one.name}</button></th>`)}</tr></thead>
      <tbody>${rows.map(([label, cell, mood]) => html`<tr class=${mood ?? ""}><th scope="row">${label}</th>${taken.map((one) => html`<td class="n">${cell(one)}</td>`)}</tr>`)}</tbody></table></div>`;
  }

  render() {
    const found = this._found;
    const taken = found ? found.venues.filter((/** @type {any} */ one) => !one.refusal) : [];
    const refused = found ? found.venues.filter((/** @type {any} */ one) => one.refusal) : [];
    return html`<div class="paper report wide">
      <div class="top"><div><h1>Short ticket</h1><p class="soft">What a short needs, what it costs, and where it dies, by each venue's own rules of today.</p></div></div>
      ${this._form()}
      ${this._error ? html`<p class="finding bad" role="alert" data-testid="problem">${this._error}</p>` : nothing}
      ${found ? html`<div class=${this._error ? "stale" : ""}>${taken.length ? this._table(taken) : html`<p>No venue takes it.</p>`}
        ${this._explain && found.explained === this._explain ? html`<section data-testid="explanation"><div class="two curves" data-testid="curves">${found.figures.map((/** @type {string} */ one) => html`<sd-figure .markup=${one}></sd-figure>`)}</div><h2>Why there</h2><ol class="steps">${found.explanation.map((/** @type {string} */ line) => html`<li>${line}</li>`)}</ol>${found.sources.map((/** @type {string} */ line) => html`<p class="note">${line}</p>`)}</section>` : html`<p class="note">A venue's name unfolds its curves and its equation with every number in it.</p>`}
        ${refused.length ? html`<h2>Not taken</h2><ul class="refused">${refused.map((/** @type {any} */ one) => html`<li><b>${one.name}</b> <span class="soft">${one.refusal}</span></li>`)}</ul>` : nothing}
        <p class="note" data-testid="said">${found.said.join(" ")}</p></div>` : nothing}
    </div>`;
  }
}

customElements.define("sd-compare", Compare);
