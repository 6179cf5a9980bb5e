// @ts-check
/** The buttons that every page of ours has: dark or light, which colours, and the list of keys. */

import { keyList, onKey } from "./keys.js";
import { Panel, html, toast } from "./panel.js";
import { store } from "./store.js";

const PALETTES = ["classic", "swapped", "safe"];
/** @type {Record<string, string>} */
const PALETTE_NAMES = { classic: "green rises", swapped: "red rises", safe: "blue rises" };

/** Choose a theme or a palette, here and for the next visit. @param {string} name @param {string} value */
function choose(name, value) {
  document.documentElement.dataset[name] = value;
  try {
    localStorage.setItem(`shortdesk-${name}`, value);
  } catch {
    toast("this browser keeps no settings; the choice holds until the page is closed");
  }
  dispatchEvent(new Event("sd-look"));
}

class Looks extends Panel {
  connectedCallback() {
    super.connectedCallback();
    store.removeEventListener("frame", this._again);
    onKey("t", "dark or light", () => this._theme());
    onKey("p", "colours", () => this._palette());
    onKey("?", "this list", () => this._help());
  }

  _theme() {
    choose("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    this.requestUpdate();
  }

  _palette() {
    const now = document.documentElement.dataset.palette ?? "classic";
    choose("palette", PALETTES[(PALETTES.indexOf(now) + 1) % PALETTES.length]);
    this.requestUpdate();
  }

  _help() {
    this.requestUpdate();
    const dialog = /** @type {HTMLDialogElement | null} */ (this.querySelector("dialog"));
    dialog?.showModal();
  }

  render() {
    const { theme, palette } = document.documentElement.dataset;
    return html`<div class="looks">
        <button @click=${this._theme} title="Dark or light (t)" aria-label="Theme: ${theme}">${theme === "dark" ? "☾" : "☀"}</button>
        <button @click=${this._palette} title="Colours (p)" aria-label="Colours: ${PALETTE_NAMES[palette ?? "classic"]}"><span class="swatch"></span></button>
        <button @click=${this._help} title="Keys (?)" aria-label="Keys">?</button>
      </div>
      <dialog aria-label="Keys">
        <h2>Keys</h2>
        <dl>${keyList().map(([key, name]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${name}</dd></div>`)}</dl>
        <p class="soft">Charts: <a href="https://www.tradingview.com/" rel="noreferrer" target="_blank">Lightweight Charts™ by TradingView</a>.</p>
        <form method="dialog"><button>Close</button></form>
      </dialog>`;
  }
}

customElements.define("sd-looks", Looks);
