// @ts-check
/** A run looked at again: a slider over its moments; every panel shows the market as it was at the one chosen. */

import { clock } from "../format.js";
import { offKey, onKey } from "../keys.js";
import { Panel, html, nothing } from "../panel.js";
import { store } from "../store.js";

const EVERY_MS = 160;

/** @typedef {{ now_s: number, here: number, title: string, parts: Record<string, any> }} Moment */

class Moments extends Panel {
  constructor() {
    super();
    /** @type {Moment[]} */
    this.of = [];
    this.at = 0;
    this._timer = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    store.removeEventListener("frame", this._again);
    onKey(" ", "play the moments, or stop", () => this._play());
    onKey(",", "the moment before", () => this._step(-1));
    onKey(".", "the next moment", () => this._step(1));
    this._show(Math.max(0, this.of.findIndex((one) => one.title === "the height")));
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this._timer);
    for (const key of [" ", ",", "."]) offKey(key);
  }

  /** @param {number} at */
  _show(at) {
    this.at = Math.max(0, Math.min(this.of.length - 1, at));
    const moment = this.of[this.at];
    if (!moment) return;
    Object.assign(store.parts, moment.parts, { here: moment.here });
    store.tell();
    this.requestUpdate();
  }

  /** @param {number} by */
  _step(by) {
    this._stop();
    this._show(this.at + by);
  }

  _stop() {
    clearInterval(this._timer);
    this._timer = 0;
    this.requestUpdate();
  }

  _play() {
    if (this._timer) return this._stop();
    if (this.at === this.of.length - 1) this._show(0);
    this._timer = window.setInterval(() => {
      this._show(this.at + 1);
      if (this.at === this.of.length - 1) this._stop();
    }, EVERY_MS);
    this.requestUpdate();
  }

  render() {
    const moment = this.of[this.at];
    if (!moment) return nothing;
    const named = this.of.map((one, at) => ({ one, at })).filter(({ one }) => one.title);
    return html`<section class="panel moments" aria-label="The moments of the run">
      <button class="main" @click=${this._play} title="Space" data-testid="play">${this._timer ? "Stop" : "Play"}</button>
      <button @click=${() => this._step(-1)} aria-label="The moment before" title=",">‹</button><button @click=${() => this._step(1)} aria-label="The next moment" title=".">›</button>
      <input type="range" min="0" max=${this.of.length - 1} .value=${String(this.at)} aria-label="Moment of the run" aria-valuetext="${clock(moment.now_s)} ${moment.title}" data-testid="moment"
        @input=${(/** @type {any} */ event) => { this._stop(); this._show(Number(event.target.value)); }} />
      <b data-testid="clock">${clock(moment.now_s)}</b>
      <span class="named">${named.map(({ one, at }) => html`<button class="plain" aria-pressed=${at === this.at} @click=${() => { this._stop(); this._show(at); }}>${one.title}</button>`)}</span></section>`;
  }
}

customElements.define("sd-moments", Moments);
