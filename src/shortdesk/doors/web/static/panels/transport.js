// @ts-check
/** The market's clock: how far it is, play and pause, step, pace, seed, scenario. */

import { Panel, act, html, nothing } from "../panel.js";
import { clock, paceName } from "../format.js";
import { onKey } from "../keys.js";
import { store } from "../store.js";

const PACES = [1, 5, 15, 30, 60, 120, 300, 0];

class Transport extends Panel {
  constructor() {
    super();
    /** @type {{ name: string, about: string }[]} */
    this._scenarios = [];
  }

  connectedCallback() {
    super.connectedCallback();
    onKey(" ", "play or pause", () => this._toggle());
    onKey(".", "one step", () => this._step());
    onKey("+", "faster", () => this._shift(1));
    onKey("-", "slower", () => this._shift(-1));
    onKey("r", "from the beginning", () => this._restart());
    fetch("/scenarios").then(async (answer) => {
      if (answer.ok) this._scenarios = await answer.json();
      this.requestUpdate();
    });
  }

  _toggle() {
    act({ say: "control", playing: !store.state.playing });
  }

  _step() {
    act({ say: "control", step_s: this.head?.candle_s ?? 5 });
  }

  /** @param {number} by */
  _shift(by) {
    const at = PACES.indexOf(store.state.pace);
    const next = PACES[Math.min(PACES.length - 1, Math.max(0, (at < 0 ? 3 : at) + by))];
    act({ say: "control", pace: next });
  }

  /** @param {Record<string, any>} [more] */
  _restart(more = {}) {
    act({ say: "restart", ...more });
  }

  /** @param {Event} event */
  _seed(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const seed = Number(input.value);
    if (input.value !== "" && Number.isSafeInteger(seed) && seed >= 0) this._restart({ seed });
  }

  render() {
    const { playing, pace, now_s, horizon_s, over, phase } = store.state;
    const idle = phase !== "ready";
    const share = horizon_s ? Math.min(100, (100 * now_s) / horizon_s) : 0;
    const trigger = this.head && horizon_s ? (100 * this.head.trigger_s) / horizon_s : 0;
    const paces = PACES.includes(pace) ? PACES : [...PACES, pace];
    return html`
      <div class="transport">
        <select aria-label="Scenario" ?disabled=${idle} @change=${(/** @type {any} */ e) => this._restart({ scenario: e.target.value })}>
          ${this._scenarios.map((one) => html`<option value=${one.name} title=${one.about} ?selected=${one.name === this.head?.scenario}>${one.name}</option>`)}
          ${this._scenarios.some((one) => one.name === this.head?.scenario) ? nothing : html`<option selected>${this.head?.scenario ?? "…"}</option>`}
        </select>
        <label class="seed">seed <input type="number" min="0" step="1" .value=${String(this.head?.seed ?? "")} ?disabled=${idle} @change=${this._seed} data-testid="seed" /></label>
        <span class="time" title="Time since the play began, of its horizon">
          <span data-testid="clock">${clock(now_s)}</span><span class="soft"> / ${clock(horizon_s)}</span>
          <span class="track" aria-hidden="true"><i style="width:${share}%"></i><b style="left:${trigger}%"></b></span>
        </span>
        <span class="buttons">
          <button class="main" @click=${this._toggle} ?disabled=${idle || over} title="Play or pause (space)" data-testid="play" aria-pressed=${playing ? "true" : "false"}>${over ? "Over" : playing ? "Pause" : "Play"}</button>
          <button @click=${this._step} ?disabled=${idle || over} title="One step (.)" data-testid="step">Step</button>
          <select aria-label="Pace: simulated seconds a second" title="Pace (+ and -)" ?disabled=${idle} data-testid="pace" @change=${(/** @type {any} */ e) => act({ say: "control", pace: Number(e.target.value) })}>
            ${paces.map((one) => html`<option value=${one} ?selected=${one === pace}>${paceName(one)}</option>`)}
          </select>
          <button @click=${() => this._restart()} ?disabled=${idle} title="From the beginning (r)" aria-label="Restart" data-testid="restart">↺</button>
        </span>
      </div>`;
  }
}

customElements.define("sd-transport", Transport);
