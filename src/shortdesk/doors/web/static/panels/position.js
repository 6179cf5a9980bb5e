// @ts-check
/** The reader's position as traders know it, its orders, what happened to it, and the last word when it dies. */

import { ask, go } from "../ask.js";
import { Panel, act, html, nothing, toast } from "../panel.js";
import { clock, fixed, short, signed } from "../format.js";
import { offKey, onKey } from "../keys.js";
import { store } from "../store.js";

class Position extends Panel {
  connectedCallback() {
    super.connectedCallback();
    onKey("x", "close the position", () => this._close(1));
    onKey("c", "withdraw all orders", () => act({ say: "cancel" }));
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const key of ["x", "c"]) offKey(key);
  }

  /** @param {number} part */
  _close(part) {
    act({ say: "close", part });
  }

  _row() {
    const { position: one, funding, orders } = store.parts.you;
    const places = this.head.price_places;
    const tone = (/** @type {number} */ value) => (value > 0 ? "good" : value < 0 ? "bad" : "");
    if (!one)
      return html`<tr class="none"><td colspan="10" data-testid="position">No position. ${orders.length ? `${orders.length} order${orders.length > 1 ? "s" : ""} rest${orders.length > 1 ? "" : "s"}.` : "Sell to be short."}</td></tr>`;
    const ratio = one.margin_ratio_pct;
    return html`<tr data-testid="position">
      <td><b>${this.head.instrument}</b> <span class="badge ${one.size < 0 ? "down" : "up"}">${one.size < 0 ? "short" : "long"} ${fixed(one.leverage, one.leverage % 1 ? 1 : 0)}×</span> <span class="soft">${one.isolated ? "isolated" : "cross"}</span></td>
      <td class="n"><span data-testid="position-size">${fixed(one.size, this.head.size_places)}</span><br /><span class="soft">${short(one.worth)}</span></td>
      <td class="n" data-testid="entry">${fixed(one.entry, places)}</td>
      <td class="n" data-testid="position-mark">${fixed(one.mark, places)}</td>
      <td class="n ${tone(one.pnl)}"><span data-testid="pnl">${signed(one.pnl, 2)}</span><br /><span data-testid="roe">${signed(one.roe_pct, 1)} %</span></td>
      <td class="n danger"><b data-testid="liquidation">${one.liquidation ? fixed(one.liquidation, places) : "at the next mark"}</b><br /><span class="soft">${one.liquidation ? `${signed(one.distance_pct, 2)} %` : ""}</span></td>
      <td class="n"><span data-testid="margin-ratio">${fixed(Math.min(ratio, 999), 1)} %</span><span class="gauge" aria-hidden="true"><i class=${ratio > 80 ? "bad" : ratio > 50 ? "warn" : ""} style="width:${Math.min(100, ratio)}%"></i></span></td>
      <td class="n ${tone(funding)}" data-testid="funding-paid">${signed(funding, 2)}</td>
      <td title="Place in the queue for deleveraging"><span class="lights" role="img" aria-label="ADL ${one.adl_lights} of 5" data-testid="adl-lights" data-lit=${one.adl_lights}>${[1, 2, 3, 4, 5].map((light) => html`<i class=${light <= one.adl_lights ? "on" : ""}></i>`)}</span></td>
      <td class="acts"><button @click=${() => this._close(1)} title="x" data-testid="close">Close</button><button @click=${() => this._close(0.5)} aria-label="Close half">½</button></td></tr>`;
  }

  render() {
    const you = store.parts.you;
    if (!you || !this.head) return html`<section class="panel position"><h2>Your account</h2></section>`;
    return html`<section class="panel position" aria-label="Your account"><h2>Your account
        <span class="soft">equity <b data-testid="equity">${fixed(you.equity, 2)}</b> · realised ${signed(you.realised, 2)} · fees ${signed(you.fees, 2)} ${this.head.quote}</span></h2>
      <div class="scroll" tabindex="0" aria-label="Position"><table><thead><tr><th scope="col">market</th><th scope="col" class="n">size</th><th scope="col" class="n">entry</th><th scope="col" class="n">mark</th><th scope="col" class="n">PnL, ROE</th><th scope="col" class="n">liquidation</th><th scope="col" class="n">margin ratio</th><th scope="col" class="n">funding</th><th scope="col">ADL</th><th scope="col"><span class="sr">actions</span></th></tr></thead>
      <tbody>${this._row()}</tbody></table>
      ${you.orders.length ? html`<table class="orders"><thead class="sr"><tr><th scope="col">order</th><th scope="col">actions</th></tr></thead><tbody data-testid="orders">${you.orders.map(
        (/** @type {any} */ one) => html`<tr><td>${one.side} ${fixed(one.size, this.head.size_places)} at ${fixed(one.price, this.head.price_places)}${one.reduces ? ", reduces only" : ""}</td><td class="acts"><button @click=${() => act({ say: "cancel", order: one.id })}>Withdraw</button></td></tr>`,
      )}</tbody></table>` : nothing}</div></section>`;
  }
}

class Slips extends Panel {
  render() {
    const slips = store.parts.you?.slips ?? [];
    return html`<section class="panel events" aria-label="What happened to you"><h2>What happened to you</h2>
      <div class="scroll" tabindex="0" aria-label="Your events"><ol data-testid="slips">${slips.length ? slips.map((/** @type {any} */ [, time, text, tone]) => html`<li class=${tone}><time>${clock(time)}</time> ${text}</li>`) : html`<li class="soft">Nothing yet. Your account holds ${fixed(store.parts.you?.deposit ?? 0, 0)} ${this.head?.quote ?? ""}.</li>`}</ol></div></section>`;
  }
}

/** Why it died: opens over the chart, and stays until it is closed. */
class Verdict extends Panel {
  constructor() {
    super();
    this._seen = -1;
    this._busy = false;
  }

  connectedCallback() {
    super.connectedCallback();
    onKey("Escape", "close the last word", () => this._dismiss());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    offKey("Escape");
  }

  /** What the market has done so far becomes a run, and its post-mortem opens on this account. */
  async _explain() {
    this._busy = true;
    this.requestUpdate();
    const kept = await ask("/runs/keep", { session: store.session });
    this._busy = false;
    if (kept.error) {
      toast(kept.error, false);
      this.requestUpdate();
      return;
    }
    this._dismiss();
    go("postmortem", { run: kept.name, account: kept.account });
  }

  _dismiss() {
    this._seen = store.parts.you?.verdict?.row ?? -1;
    this.requestUpdate();
  }

  render() {
    const one = store.parts.you?.verdict;
    if (!one || one.row === this._seen || !this.head) return nothing;
    const first = one.pushes[0];
    const was = one.size < 0 ? "short" : "long";
    return html`<section class="verdict" role="alertdialog" aria-label="Why your position died" data-testid="verdict">
      <h2>Your ${was} died at ${clock(one.time_s)}</h2>
      <p>The mark reached <b data-testid="verdict-mark">${fixed(one.mark, this.head.price_places)}</b>, where the venue liquidates ${fixed(Math.abs(one.size), this.head.size_places)} ${this.head.base}. It cost <b data-testid="verdict-lost">${fixed(one.lost, 2)} ${this.head.quote}</b>; ${fixed(one.left, 2)} are left.</p>
      ${first ? html`<h3>Who ${one.size < 0 ? "bought" : "sold"} in the minute before</h3>
        <table data-testid="verdict-pushes"><tbody>${one.pushes.slice(0, 5).map((/** @type {any} */ push) => html`<tr><th scope="row">${push.name}</th><td class="bar"><i class="danger" style="width:${push.share_pct}%"></i><span>${fixed(push.share_pct, 0)} %</span></td><td class="n">${short(push.worth)}</td></tr>`)}</tbody></table>` : nothing}
      <div class="acts"><button class="go" ?disabled=${this._busy} @click=${() => this._explain()} title="Keeps this market as a run and opens its post-mortem (Enter)" data-testid="explain">${this._busy ? "Writing the run …" : "Why? The whole post-mortem"}</button><button @click=${() => this._dismiss()} title="Escape">Close</button></div></section>`;
  }
}

customElements.define("sd-position", Position);
customElements.define("sd-slips", Slips);
customElements.define("sd-verdict", Verdict);
