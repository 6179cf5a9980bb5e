// @ts-check
/** What a reader can do to the market. */

import { Panel, act, html } from "../panel.js";
import { offKey, onKey } from "../keys.js";
import { store } from "../store.js";

class Shocks extends Panel {
  constructor() {
    super();
    this._seconds = 120;
    this._percent = 2;
    this._part = 50;
  }

  connectedCallback() {
    super.connectedCallback();
    onKey("m", "withdraw the makers", () => this._makers());
    onKey("n", "news", () => this._news());
    onKey("b", "recall the borrow", () => this._recall());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const key of ["m", "n", "b"]) offKey(key);
  }

  _makers() {
    act({ say: "shock", act: "makers_away", amount: this._seconds });
  }

  _news() {
    act({ say: "shock", act: "news", amount: this._percent / 100 });
  }

  _recall() {
    act({ say: "shock", act: "recall", amount: this._part / 100 });
  }

  /** @param {string} field @param {any} event */
  _set(field, event) {
    const value = Number(event.target.value);
    if (event.target.value !== "" && Number.isFinite(value)) this[field] = value;
  }

  render() {
    const lends = (store.parts.gauges?.pools ?? []).length > 0;
    const over = store.state.over;
    return html`<section class="panel shocks" aria-label="Disturb the market"><h2>Disturb the market</h2>
      <div class="acts">
        <button @click=${this._makers} ?disabled=${over} title="m" data-testid="withdraw">Withdraw makers</button>
        <label><input type="number" min="1" max="86400" .value=${String(this._seconds)} @change=${(/** @type {any} */ e) => this._set("_seconds", e)} aria-label="Seconds that makers stay away" /> s</label>
        <button @click=${this._news} ?disabled=${over} title="n" data-testid="news">News shock</button>
        <label><input type="number" min="-90" max="1000" step="0.5" .value=${String(this._percent)} @change=${(/** @type {any} */ e) => this._set("_percent", e)} aria-label="Per cent by which the value moves" /> %</label>
        <button @click=${this._recall} ?disabled=${over || !lends} title=${lends ? "b" : "This scenario lends nothing"} data-testid="recall">Recall the borrow</button>
        <label><input type="number" min="1" max="100" .value=${String(this._part)} ?disabled=${!lends} @change=${(/** @type {any} */ e) => this._set("_part", e)} aria-label="Per cent of every loan" /> %</label>
      </div></section>`;
  }
}

customElements.define("sd-shocks", Shocks);
