// @ts-check
/** The order ticket: what it would cost is said before it is sent, what the venue said after. */

import { Panel, act, html, nothing } from "../panel.js";
import { fixed, short } from "../format.js";
import { offKey, onKey } from "../keys.js";
import { store } from "../store.js";

class Ticket extends Panel {
  constructor() {
    super();
    this._type = "market";
    this._size = "";
    this._price = "";
    this._leverage = 10;
    this._isolated = true;
    /** @type {{ ok: boolean, text: string } | null} */
    this._answer = null;
  }

  connectedCallback() {
    super.connectedCallback();
    onKey("s", "order: go to the size", () => /** @type {HTMLElement | null} */ (this.querySelector("[name=size]"))?.focus());
    onKey("S", "sell what the ticket says", () => this._send("sell"));
    onKey("B", "buy what the ticket says", () => this._send("buy"));
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const key of ["s", "S", "B"]) offKey(key);
  }

  /** @param {string} side */
  async _send(side) {
    const order = { say: "order", side, order: this._type, size: this._size.trim(), leverage: this._leverage, isolated: this._isolated };
    if (this._type === "limit") order.price = this._price.trim();
    const before = store.parts.you?.slips?.[0]?.[0] ?? 0;
    const answer = await store.say(order);
    this._answer = answer;
    this._before = before;
    this.requestUpdate();
  }

  /** What the venue has said since the order was sent. */
  _said() {
    const slip = (store.parts.you?.slips ?? []).find((/** @type {any} */ one) => one[0] > (this._before ?? 0));
    if (this._answer && !this._answer.ok) return html`<span class="bad">${this._answer.text}</span>`;
    if (this._answer && slip) return html`<span class=${slip[3]}>${slip[2]}</span>`;
    return nothing;
  }

  /** @param {string} field @param {any} event */
  _set(field, event) {
    this[field] = event.target.value;
    this.requestUpdate();
  }

  /** @param {number} part */
  _part(part) {
    const price = this._at();
    const free = store.parts.you?.wallet ?? 0;
    if (!price || !free) return;
    const lot = this.head.lot;
    const size = (part * 0.98 * free * this._leverage) / price;
    this._size = (Math.floor(size / lot) * lot).toFixed(this.head.size_places);
    this.requestUpdate();
  }

  _at() {
    const price = Number(this._price);
    return this._type === "limit" && price > 0 ? price : (store.parts.gauges?.mark ?? 0);
  }

  render() {
    const you = store.parts.you;
    if (!you || !this.head) return html`<section class="panel ticket"><h2>Order</h2></section>`;
    const size = Number(this._size);
    const worth = size > 0 ? size * this._at() : 0;
    const most = Math.max(1, Math.floor(this.head.most_leverage));
    const leverage = Math.min(this._leverage, most);
    const base = this.head.base;
    const quote = this.head.quote;
    return html`<section class="panel ticket" aria-label="Order"><h2>Order <span class="soft">${this.head.latency_ms} ms to the venue</span></h2>
      <form @submit=${(/** @type {Event} */ e) => { e.preventDefault(); this._send("sell"); }}>
        <div class="tabs" role="radiogroup" aria-label="Kind of order">
          ${["market", "limit"].map((one) => html`<label class=${one === this._type ? "on" : ""}><input type="radio" name="type" value=${one} .checked=${one === this._type} @change=${(/** @type {any} */ e) => this._set("_type", e)} />${one}</label>`)}
          <label class="check"><input type="checkbox" .checked=${this._isolated} @change=${(/** @type {any} */ e) => { this._isolated = e.target.checked; this.requestUpdate(); }} data-testid="isolated" /> isolated</label>
        </div>
        <label class="field"><span>Price</span><input name="price" inputmode="decimal" autocomplete="off" .value=${this._price} ?disabled=${this._type === "market"} placeholder=${this._type === "market" ? "market" : fixed(this._at(), this.head.price_places)} @input=${(/** @type {any} */ e) => this._set("_price", e)} data-testid="price" /><i>${quote}</i></label>
        <label class="field"><span>Size</span><input name="size" inputmode="decimal" autocomplete="off" .value=${this._size} placeholder="0" @input=${(/** @type {any} */ e) => this._set("_size", e)} data-testid="size" /><i>${base}</i></label>
        <div class="parts" role="group" aria-label="Part of what you have">${[0.1, 0.25, 0.5, 1].map((one) => html`<button type="button" @click=${() => this._part(one)}>${100 * one} %</button>`)}</div>
        <label class="field range"><span>Leverage</span><input type="range" min="1" max=${most} step="1" .value=${String(leverage)} @input=${(/** @type {any} */ e) => { this._leverage = Number(e.target.value); this.requestUpdate(); }} data-testid="leverage" aria-valuetext="${leverage} times" /><b>${leverage}×</b></label>
        <dl class="cost"><div><dt>Worth</dt><dd data-testid="worth">${worth ? `${short(worth)} ${quote}` : "–"}</dd></div><div><dt>Margin</dt><dd data-testid="margin">${worth ? `${short(worth / leverage)} ${quote}` : "–"}</dd></div><div><dt>Free</dt><dd data-testid="wallet">${fixed(you.wallet, 2)} ${quote}</dd></div></dl>
        <div class="sides"><button type="button" class="buy" @click=${() => this._send("buy")} data-testid="buy">Buy / long</button><button class="sell" data-testid="sell">Sell / short</button></div>
        <p class="said" role="status" data-testid="said">${this._said()}</p>
      </form></section>`;
  }
}

customElements.define("sd-ticket", Ticket);
