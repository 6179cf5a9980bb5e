// @ts-check
/** Counterfactuals of a run: a button for each, progress while it is played again, and what was found, kept with it. */

import { ask } from "../ask.js";
import { short, signed } from "../format.js";
import { offKey, onKey } from "../keys.js";
import { Panel, html, nothing } from "../panel.js";
import { store } from "../store.js";

const POLL_MS = 700;

/** @typedef {{ key: string, group: string, title: string, otherwise: string, plays: number }} Offer */
/** @typedef {{ of: string, as_was: number, otherwise: number, difference: number, low: number | null, high: number | null, is_clear: boolean, share: number | null }} Row */
/** @typedef {{ key: string, title: string, said: string, seeds: number, lead: number, effects: Row[] }} Answer */

class WhatIf extends Panel {
  constructor() {
    super();
    this.run = "";
    /** @type {any} */
    this._found = null;
    this._problem = "";
    this._seeds = 5;
    this._timer = 0;
    this._asked = "";
  }

  connectedCallback() {
    super.connectedCallback();
    store.removeEventListener("frame", this._again);
    onKey("w", "post-mortem: play again without liquidations", () => this._begin("without:liquidation"));
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this._timer);
    offKey("w");
  }

  /** What was found, on a page that can ask no more. @param {any} found */
  set given(found) {
    this._found = found;
    this.requestUpdate();
  }

  /** @param {string} run */
  set of(run) {
    if (run === this.run) return;
    this.run = run;
    this._found = null;
    this._problem = "";
    this._poll();
  }

  async _poll() {
    clearTimeout(this._timer);
    const run = this.run;
    if (!run) return;
    const was = this._found?.work.state;
    const found = await ask(`/runs/${encodeURIComponent(run)}/replay`);
    if (run !== this.run) return;
    if (found.error) this._problem = found.error;
    else this._found = found;
    this.requestUpdate();
    const { state } = this._found?.work ?? {};
    if (state === "working" && this.isConnected) this._timer = window.setTimeout(() => this._poll(), POLL_MS);
    else if (was === "working" && state === "done") this.dispatchEvent(new Event("sd-replayed"));
  }

  /** @param {string} key */
  async _begin(key) {
    if (!this.run || this._found?.work.state === "working") return;
    const begun = await ask(`/runs/${encodeURIComponent(this.run)}/replay`, { ask: key, seeds: this._seeds });
    this._problem = begun.error ?? "";
    if (!begun.error) this._found = { ...this._found, work: begun };
    this.requestUpdate();
    if (!begun.error) this._poll();
  }

  /** @param {Event} event */
  _set(event) {
    const value = Number(/** @type {HTMLInputElement} */ (event.target).value);
    this._seeds = Math.min(50, Math.max(2, Math.round(value || 5)));
    this.requestUpdate();
  }

  /** @param {string} group @param {Offer[]} offers */
  _group(group, offers) {
    const { work, answers } = this._found;
    const isWorking = work.state === "working";
    const done = new Set(answers.map((/** @type {Answer} */ one) => one.key));
    return html`<div class="offers" role="group" aria-label=${group}><span class="soft">${group}</span><div>
      ${offers.map((one) => html`<button class=${done.has(one.key) ? "done" : ""} ?disabled=${isWorking} aria-busy=${isWorking && work.key === one.key} @click=${() => this._begin(one.key)}
        title="${one.otherwise}. ${one.plays * this._seeds} continuations." data-testid="ask-${one.key}">${one.title}</button>`)}</div></div>`;
  }

  /** @param {Answer} one @param {number} most */
  _answer(one, most) {
    const lead = one.effects[one.lead];
    /** @param {number} value */
    const wide = (value) => `width:${Math.max(0, Math.min(100, (100 * value) / most))}%`;
    const half = lead.high === null || lead.low === null ? 0 : (lead.high - lead.low) / 2;
    const shares = one.effects.some((row) => row.share !== null);
    return html`<article class="answer" data-testid="answer-${one.key}"><h3>${one.title}</h3><p>${one.said}</p>
      <div class="versus" aria-hidden="true"><span>as it was</span><div><i style=${wide(lead.as_was)}></i></div><b>${short(lead.as_was)}</b>
        <span>otherwise</span><div class="other"><i style=${wide(lead.otherwise)}></i><u style="left:${Math.max(0, (100 * (lead.otherwise - half)) / most)}%;right:${Math.max(0, 100 - (100 * (lead.otherwise + half)) / most)}%"></u></div><b>${short(lead.otherwise)}</b></div>
      <details><summary>All figures, ${one.seeds} seeds</summary><div class="scroll" tabindex="0" role="region" aria-label="${one.title}: effects"><table data-testid="effects-${one.key}">
        <thead><tr><th scope="col">of</th><th scope="col" class="n">as it was</th><th scope="col" class="n">otherwise</th><th scope="col" class="n">difference</th><th scope="col" class="n">95 % interval</th>${shares ? html`<th scope="col" class="n">Shapley</th>` : nothing}</tr></thead>
        <tbody>${one.effects.map((row) => html`<tr class=${row.is_clear ? "clear" : ""}><th scope="row">${row.of}</th><td class="n">${short(row.as_was)}</td><td class="n">${short(row.otherwise)}</td><td class="n">${row.difference > 0 ? "+" : ""}${short(row.difference)}</td>
          <td class="n">${row.low === null || row.high === null ? "–" : `${short(row.low)} to ${short(row.high)}`}</td>${shares ? html`<td class="n">${row.share === null ? "–" : signed(row.share, 2)}</td>` : nothing}</tr>`)}</tbody></table></div></details></article>`;
  }

  _answers() {
    /** @type {Answer[]} */
    const answers = this._found.answers;
    if (!answers.length) return html`<p class="note">Nothing was asked yet. What is found stays with the run.</p>`;
    /** @type {Record<string, number>} */
    const most = {};
    for (const one of answers) {
      const { of, as_was, otherwise, high, low } = one.effects[one.lead];
      most[of] = Math.max(most[of] ?? 1e-9, as_was, otherwise, otherwise + (high === null || low === null ? 0 : (high - low) / 2));
    }
    return html`<div class="answers">${answers.map((one) => this._answer(one, most[one.effects[one.lead].of]))}</div>
      <p class="note">Means over seeds, each played twice with the same draws; the bar across is the 95 % interval of the difference (Student's t).</p>`;
  }

  render() {
    const found = this._found;
    if (!found) return html`<section class="whatif"><h2>What would have happened otherwise?</h2>${this._problem ? html`<p class="bad">${this._problem}</p>` : nothing}</section>`;
    const { work, offers, note } = found;
    const isWorking = work.state === "working";
    const groups = [...new Set(offers.map((/** @type {Offer} */ one) => one.group))];
    const said = isWorking ? `${work.title}: ${work.done} of ${work.asked} continuations` : work.state === "failed" ? work.problem : work.state === "stopped" ? "stopped" : work.state === "done" ? "done" : "";
    return html`<section class="whatif" aria-label="What would have happened otherwise"><h2>What would have happened otherwise?</h2>
      ${offers.length ? html`<p class="note">The run is forked where its story begins and played on twice with the same draws: as it was, and with one thing changed. ${note}</p>
        <div class="tools"><label>seeds <input type="number" min="2" max="50" .value=${String(this._seeds)} ?disabled=${isWorking} @change=${this._set} data-testid="seeds" /></label>
          <progress max=${work.asked || 1} value=${isWorking ? work.done : 0} aria-label="Continuations played" class=${isWorking ? "" : "idle"}></progress>
          <button ?disabled=${!isWorking} @click=${() => ask("/runs/stop", {})} data-testid="stop">Stop</button>
          <span role="status" class=${work.state === "failed" ? "bad" : "soft"} data-testid="replay">${said}</span></div>
        ${groups.map((group) => this._group(group, offers.filter((/** @type {Offer} */ one) => one.group === group)))}` : html`<p class="note">${note}</p>`}
      ${this._problem ? html`<p class="bad" role="alert" data-testid="replay-problem">${this._problem}</p>` : nothing}
      ${this._answers()}</section>`;
  }
}

customElements.define("sd-whatif", WhatIf);
