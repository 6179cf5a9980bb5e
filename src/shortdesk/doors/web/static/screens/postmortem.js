// @ts-check
/** The post-mortem: verdict first, then the way, who pushed, who paid, one account's end, and what would have been. */

import { ask, asked, go } from "../ask.js";
import { fixed, short } from "../format.js";
import { offKey, onKey } from "../keys.js";
import { Panel, html, nothing } from "../panel.js";
import { section } from "../panels/report.js";
import { store } from "../store.js";

const POLL_MS = 700;

class Postmortem extends Panel {
  constructor() {
    super();
    /** @type {any} */
    this._report = null;
    /** @type {any} */
    this._replay = null;
    this._error = "";
    this._shown = "";
    this._busy = false;
    this._seeds = 5;
    this._timer = 0;
    this._hash = () => this._load();
  }

  connectedCallback() {
    super.connectedCallback();
    store.removeEventListener("frame", this._again);
    addEventListener("hashchange", this._hash);
    onKey("w", "post-mortem: play again without liquidations", () => this._without());
    onKey("e", "post-mortem: export as one file", () => /** @type {HTMLElement | null} */ (this.querySelector(".export"))?.click());
    onKey("/", "post-mortem: find an account", () => /** @type {HTMLElement | null} */ (this.querySelector("[name=account]"))?.focus());
    this._load();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("hashchange", this._hash);
    clearTimeout(this._timer);
    for (const key of ["w", "e", "/"]) offKey(key);
  }

  get _run() {
    return asked().get("run") ?? "";
  }

  async _load() {
    if (!this.isConnected || !location.hash.startsWith("#/postmortem")) return;
    const account = asked().get("account") ?? "";
    const wanted = `${this._run} ${account}`;
    if (wanted === this._shown) return;
    this._shown = wanted;
    this._error = "";
    if (!this._run) {
      this._report = null;
      this.requestUpdate();
      return;
    }
    this._busy = true;
    this.requestUpdate();
    const address = `/runs/${encodeURIComponent(this._run)}/report`;
    let found = await ask(`${address}?${new URLSearchParams({ account })}`);
    if (found.error) this._error = found.error;
    if (found.error && account) found = await ask(address); // the run is shown all the same
    if (wanted !== this._shown) return;
    this._busy = false;
    this._report = found.error ? null : found;
    this.requestUpdate();
    this._poll();
  }

  async _keep() {
    this._busy = true;
    this.requestUpdate();
    const kept = await ask("/runs/keep", { session: store.session });
    this._busy = false;
    this._error = kept.error ?? "";
    this.requestUpdate();
    if (!kept.error) go("postmortem", { run: kept.name, account: kept.account });
  }

  async _poll() {
    clearTimeout(this._timer);
    if (!this._run || !this.isConnected) return;
    const was = this._replay?.state;
    this._replay = await ask(`/runs/${encodeURIComponent(this._run)}/replay`);
    this.requestUpdate();
    if (this._replay.state === "working") this._timer = window.setTimeout(() => this._poll(), POLL_MS);
    else if (was === "working" && this._replay.state === "done") {
      this._shown = "";
      this._load();
    }
  }

  async _without() {
    if (!this._run || this._replay?.state === "working") return;
    const begun = await ask(`/runs/${encodeURIComponent(this._run)}/replay`, { without: "liquidation", seeds: this._seeds });
    this._replay = begun.error ? { state: "failed", problem: begun.error } : begun;
    this.requestUpdate();
    if (!begun.error) this._poll();
  }

  _what_if() {
    const one = this._replay ?? { state: "none" };
    const isWorking = one.state === "working";
    return html`<section class="whatif" aria-label="What would have happened otherwise"><h2>Would it have happened without liquidations?</h2>
      <div class="tools"><button class="go" ?disabled=${isWorking} @click=${() => this._without()} title="w" data-testid="without">Play again without liquidations</button>
        <label>seeds <input type="number" min="2" max="50" .value=${String(this._seeds)} ?disabled=${isWorking} @change=${(/** @type {any} */ e) => { this._seeds = Math.min(50, Math.max(2, Math.round(Number(e.target.value) || 5))); this.requestUpdate(); }} data-testid="seeds" /></label>
        ${isWorking ? html`<progress max=${one.asked} value=${one.done} aria-label="Continuations played"></progress><button @click=${() => ask("/runs/stop", {})}>Stop</button>` : nothing}
        <span role="status" data-testid="replay">${isWorking ? `${one.done} of ${one.asked} continuations` : one.state === "failed" ? html`<span class="bad">${one.problem}</span>` : one.state === "stopped" ? "stopped" : one.state === "done" ? "done" : ""}</span></div>
      ${one.effects?.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="Effects"><table data-testid="effects"><thead><tr><th scope="col">of</th><th scope="col" class="n">as it was</th><th scope="col" class="n">without</th><th scope="col" class="n">liquidations add</th><th scope="col" class="n">95 % interval</th></tr></thead>
        <tbody>${one.effects.map((/** @type {any} */ row) => html`<tr><th scope="row">${row.of}</th><td class="n">${short(row.as_was)}</td><td class="n">${short(row.otherwise)}</td><td class="n">${row.effect > 0 ? "+" : ""}${short(row.effect)}</td><td class="n">${row.low === null ? "–" : `${short(row.low)} to ${short(row.high)}`}</td></tr>`)}</tbody></table></div>
        <p class="note">Means over ${one.effects[0].seeds} seeds, each played twice with the same draws; Student's t for the interval. ${one.note}</p>` : html`<p class="note">The run is forked at its trigger and played on twice with the same draws, once with liquidations and once without, for each seed. ${one.note ?? ""}</p>`}</section>`;
  }

  _account() {
    const dead = this._report.dead;
    return html`<form class="tools" role="search" @submit=${(/** @type {any} */ e) => { e.preventDefault(); go("postmortem", { run: this._run, account: e.target.account.value.trim() }); }}>
      <label>Why was <input name="account" list="sd-dead" autocomplete="off" placeholder="an account" .value=${asked().get("account") ?? ""} title="/" data-testid="account" /> liquidated?</label>
      <datalist id="sd-dead">${dead.slice(0, 500).map((/** @type {any} */ one) => html`<option value=${one.name}>${one.group}, ${one.gain} ${this._report.unit}</option>`)}</datalist>
      <button data-testid="why">Why?</button><span class="soft" data-testid="dead">${fixed(dead.length, 0)} accounts were liquidated</span>
      ${this._report.account ? html`<button type="button" @click=${() => go("postmortem", { run: this._run })}>The whole run</button>` : nothing}</form>`;
  }

  _nothing() {
    return html`<div class="empty"><h2>No run is open</h2><p>Keep what the market has done so far as a run and explain it, or open one from the list.</p>
      <div class="tools"><button class="go" ?disabled=${this._busy} @click=${() => this._keep()} data-testid="keep">Explain this market</button><button @click=${() => go("runs", {})}>Runs</button></div></div>`;
  }

  render() {
    const account = asked().get("account") ?? "";
    const one = this._report;
    const address = `/runs/${encodeURIComponent(this._run)}/export?${new URLSearchParams({ account: one?.account ?? "" })}`;
    return html`<div class="paper report">
      ${this._error ? html`<p class="finding bad" role="alert" data-testid="problem">${this._error}</p>` : nothing}
      ${this._busy ? html`<p role="status">Reading the Journal …</p>` : nothing}
      ${!this._run ? this._nothing() : nothing}
      ${one && this._run ? html`<div class="top"><div><h1 data-testid="heading">${one.heading}</h1><p class="soft">${one.subheading}</p></div>
          <div class="tools"><a class="button export" href=${address} download title="e" data-testid="export">Export as one file</a><button @click=${() => go("runs", {})}>Runs</button></div></div>
        <p class="sr" data-testid="verdict">${one.verdict}</p>
        ${section(one.sections[0])}${this._account()}${account && one.account ? section(one.sections[1]) : nothing}
        ${this._what_if()}${one.sections.slice(one.account ? 2 : 1).map(section)}` : nothing}
    </div>`;
  }
}

customElements.define("sd-postmortem", Postmortem);
