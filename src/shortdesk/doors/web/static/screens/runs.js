// @ts-check
/** Runs: the folders on disk and the markets of this desk; open, compare two, delete. */

import { ask, asked, go } from "../ask.js";
import { fixed, signed } from "../format.js";
import { Panel, html, nothing, toast } from "../panel.js";
import { store } from "../store.js";

/** @typedef {{ name: string, scenario: string, seed: number, state: string, rows: number, rise_pct: number | null, liquidations: number | null, changed_s: number, problem: string }} Line */

class Runs extends Panel {
  constructor() {
    super();
    /** @type {Line[] | null} */
    this._lines = null;
    this._folder = "runs";
    this._error = "";
    /** @type {string[]} */
    this._chosen = [];
    /** @type {any} */
    this._compared = null;
    this._doomed = "";
    this._busy = "";
  }

  connectedCallback() {
    super.connectedCallback();
    store.removeEventListener("frame", this._again);
    const given = asked();
    this._chosen = [given.get("first"), given.get("second")].filter((one) => one !== null);
    this._load();
    if (this._chosen.length === 2) this._compare();
  }

  async _load() {
    const found = await ask("/runs");
    this._error = found.error ?? "";
    this._lines = found.runs ?? [];
    this._folder = found.folder ?? "runs";
    this.requestUpdate();
  }

  async _keep() {
    this._busy = "Writing the run …";
    this.requestUpdate();
    const kept = await ask("/runs/keep", { session: store.session });
    this._busy = "";
    if (kept.error) this._error = kept.error;
    else toast(`kept as ${kept.name}`);
    await this._load();
  }

  /** @param {string} name */
  _choose(name) {
    this._chosen = this._chosen.includes(name) ? this._chosen.filter((one) => one !== name) : [...this._chosen, name].slice(-2);
    this._compared = null;
    this.requestUpdate();
  }

  async _compare() {
    const [first, second] = this._chosen;
    this._busy = "Reading both Journals …";
    this.requestUpdate();
    const found = await ask(`/runs/compare?${new URLSearchParams({ first, second })}`);
    this._busy = "";
    this._error = found.error ?? "";
    this._compared = found.error ? null : { ...found, names: [first, second] };
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector("[data-testid=compared]")?.scrollIntoView({ block: "start" });
  }

  /** @param {string} name */
  async _ask(name) {
    this._doomed = name;
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLDialogElement | null} */ (this.querySelector("dialog"))?.showModal();
  }

  async _delete() {
    const name = this._doomed;
    const found = await ask(`/runs/${encodeURIComponent(name)}/delete`, { confirm: name });
    if (found.error) this._error = found.error;
    else toast(`${name} is deleted`);
    this._chosen = this._chosen.filter((one) => one !== name);
    await this._load();
  }

  /** @param {Line} one */
  _row(one) {
    if (one.problem)
      return html`<tr class="broken"><td></td><th scope="row">${one.name}</th><td colspan="6" class="bad">${one.problem}</td><td class="acts"><button @click=${() => this._ask(one.name)} aria-label="Delete ${one.name}">Delete</button></td></tr>`;
    return html`<tr data-testid="run"><td><input type="checkbox" .checked=${this._chosen.includes(one.name)} @change=${() => this._choose(one.name)} aria-label="Compare ${one.name}" /></td>
      <th scope="row"><button class="link" @click=${() => go("postmortem", { run: one.name })} data-testid="open">${one.name}</button></th>
      <td>${one.scenario || "–"}</td><td class="n">${one.scenario ? one.seed : "–"}</td><td>${one.state}</td><td class="n">${one.rows ? fixed(one.rows, 0) : "–"}</td>
      <td class="n">${one.rise_pct === null ? "–" : `${signed(one.rise_pct, 2)} %`}</td><td class="n">${one.liquidations === null ? "–" : fixed(one.liquidations, 0)}</td>
      <td class="acts"><button @click=${() => this._ask(one.name)} aria-label="Delete ${one.name}" data-testid="delete">Delete</button></td></tr>`;
  }

  /** @param {string} caption @param {any[]} rows */
  _pair(caption, rows) {
    const [first, second] = this._compared.names;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}><table class="pair"><caption>${caption}</caption><thead><tr><th scope="col"></th><th scope="col" class="n">${first}</th><th scope="col" class="n">${second}</th></tr></thead>
      <tbody>${rows.map((one) => html`<tr class=${one.first === one.second ? "same" : ""}><th scope="row">${one.name}</th><td class="n">${one.first}</td><td class="n">${one.second}</td></tr>`)}</tbody></table></div>`;
  }

  render() {
    const lines = this._lines;
    return html`<div class="paper report">
      <div class="top"><div><h1>Runs</h1><p class="soft">In the folder ${this._folder}, the newest first. A run is a folder; it is here again after a restart.</p></div>
        <div class="tools"><button class="go" @click=${() => this._keep()} ?disabled=${this._busy !== ""} data-testid="keep">Keep this market as a run</button>
          <button ?disabled=${this._chosen.length !== 2 || this._busy !== ""} @click=${() => { go("runs", { first: this._chosen[0], second: this._chosen[1] }); this._compare(); }} data-testid="compare">Compare two</button></div></div>
      ${this._error ? html`<p class="finding bad" role="alert" data-testid="problem">${this._error}</p>` : nothing}
      <p role="status" class="soft">${this._busy}</p>
      ${lines === null ? nothing : lines.length === 0 ? html`<p class="empty" data-testid="none">No run yet. Keep this market, or play one with <code>shortdesk run short-squeeze</code> where the desk was started.</p>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="Runs"><table data-testid="runs"><thead><tr><th scope="col"><span class="sr">compare</span></th><th scope="col">run</th><th scope="col">scenario</th><th scope="col" class="n">seed</th><th scope="col">ended</th><th scope="col" class="n">rows</th><th scope="col" class="n">highest</th><th scope="col" class="n">liquidations</th><th scope="col"><span class="sr">acts</span></th></tr></thead><tbody>${lines.map((one) => this._row(one))}</tbody></table></div>`}
      ${this._compared ? html`<section data-testid="compared"><h2>Side by side</h2>
        <div class="two">${this._compared.names.map((/** @type {string} */ name, /** @type {number} */ at) => html`<div><h3>${name}</h3><p class="finding">${this._compared.verdicts[at]}</p></div>`)}</div>
        ${this._pair("Figures", this._compared.facts)}${this._pair("Who pushed, part of the move", this._compared.pushed)}${this._pair("Who gained", this._compared.gained)}</section>` : nothing}
      <dialog aria-label="Delete a run"><h2>Delete ${this._doomed}?</h2><p>Its folder is taken off the disk with its Journal, its page and its replays. This cannot be undone.</p>
        <form method="dialog" class="tools"><button autofocus>Keep it</button><button class="bad" @click=${() => this._delete()} data-testid="confirm">Delete for good</button></form></dialog>
    </div>`;
  }
}

customElements.define("sd-runs", Runs);
