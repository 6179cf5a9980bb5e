// @ts-check
/** The post-mortem: verdict first, then the way, who pushed, who paid, one account's end, and what would have been. */

import { ask, asked, go } from "../ask.js";
import { fixed } from "../format.js";
import { offKey, onKey } from "../keys.js";
import { Panel, html, nothing } from "../panel.js";
import { section } from "../panels/report.js";
import "../panels/whatif.js";
import { store } from "../store.js";

const ANSWERED = "What would have happened otherwise"; // the buttons show it

class Postmortem extends Panel {
  constructor() {
    super();
    /** @type {any} */
    this._report = null;
    this._error = "";
    this._shown = "";
    this._busy = false;
    this._hash = () => this._load();
  }

  connectedCallback() {
    super.connectedCallback();
    store.removeEventListener("frame", this._again);
    addEventListener("hashchange", this._hash);
    onKey("e", "post-mortem: export as one file", () => /** @type {HTMLElement | null} */ (this.querySelector(".export"))?.click());
    onKey("/", "post-mortem: find an account", () => /** @type {HTMLElement | null} */ (this.querySelector("[name=account]"))?.focus());
    this._load();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("hashchange", this._hash);
    for (const key of ["e", "/"]) offKey(key);
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
        <sd-whatif .of=${this._run} @sd-replayed=${() => { this._shown = ""; this._load(); }}></sd-whatif>${one.sections.slice(one.account ? 2 : 1).filter((/** @type {any} */ part) => part.title !== ANSWERED).map(section)}` : nothing}
    </div>`;
  }
}

customElements.define("sd-postmortem", Postmortem);
