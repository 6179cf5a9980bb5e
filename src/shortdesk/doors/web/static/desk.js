// @ts-check
/** The frame around every screen: where you are, the clock and its buttons, theme and palette, what went wrong. */

import { html, nothing } from "lit";
import { Panel } from "./panel.js";
import { onKey } from "./keys.js";
import { SCREENS } from "./screens.js";
import { store } from "./store.js";
import "./looks.js";
import "./panels/transport.js";

class Desk extends Panel {
  constructor() {
    super();
    /** @type {{ text: string, ok: boolean } | null} */
    this._toast = null;
    this._timer = 0;
    this._screen = SCREENS[0];
    this._loaded = "";
    /** @type {HTMLElement | null} */
    this._made = null;
    document.addEventListener("sd-toast", (event) => this._show(/** @type {CustomEvent} */ (event).detail));
    addEventListener("hashchange", () => this._route());
  }

  connectedCallback() {
    super.connectedCallback();
    for (const screen of SCREENS)
      onKey(screen.key, `screen: ${screen.title}`, () => this._go(screen.path));
    this._route();
  }

  /** @param {string} path */
  _go(path) {
    const query = location.hash.split("?")[1];
    location.hash = `#/${path}${query ? `?${query}` : ""}`;
  }

  async _route() {
    const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
    this._screen = SCREENS.find((screen) => screen.path === path) ?? SCREENS[0];
    document.title = `${this._screen.title} · shortdesk`;
    store.show(new URLSearchParams(query ?? "").get("session") ?? "", ["head", ...this._screen.parts]);
    await this._screen.load();
    this._loaded = this._screen.tag;
    this.requestUpdate();
  }

  /** @param {{ text: string, ok: boolean }} detail */
  _show(detail) {
    this._toast = detail;
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      this._toast = null;
      this.requestUpdate();
    }, 6000);
    this.requestUpdate();
  }

  /** The screen's element, made once for each visit. */
  _element() {
    if (this._made?.localName !== this._loaded) this._made = document.createElement(this._loaded);
    return this._made;
  }

  /** Whether there is nothing to see before the market is staged. */
  get _needsMarket() {
    return this._screen.parts.length > 0;
  }

  _trouble() {
    const { phase, problem } = store.state;
    if (store.link === "refused")
      return html`<div class="veil" role="alert"><h2>This page may not talk to the desk</h2>
        <p>Open the address that the command printed: it carries a token that is new with every start.</p></div>`;
    if (store.link === "lost")
      return html`<div class="banner bad" role="alert">The desk does not answer. Trying again …</div>`;
    if (phase === "failed" && this._needsMarket)
      return html`<div class="veil" role="alert"><h2>The market stopped</h2><p>${problem}</p>
        <p>Restart the command to stage it again.</p></div>`;
    if (this._needsMarket && (phase === "opening" || !this.head))
      return html`<div class="veil" role="status" data-testid="opening"><h2>Staging the market …</h2>
        <p>The first time after an installation the rules are compiled, which takes about a minute.</p>
        <div class="bar"></div></div>`;
    return nothing;
  }

  render() {
    const screen = this._loaded && (this.head || !this._needsMarket) ? this._element() : nothing;
    return html`
      <a class="skip" href="#main" @click=${this._skip}>To the market</a>
      <header>
        <h1>short<b>desk</b></h1>
        <nav aria-label="Screens">
          ${SCREENS.map(
            (one) => html`<a href="#/${one.path}" @click=${(/** @type {Event} */ e) => { e.preventDefault(); this._go(one.path); }}
              aria-current=${one === this._screen ? "page" : "false"} title="${one.title} (${one.key})">${one.name}</a>`,
          )}
        </nav>
        <sd-transport></sd-transport>
        <sd-looks></sd-looks>
      </header>
      <main id="main" tabindex="-1">${screen}${this._trouble()}</main>
      <div class="toast ${this._toast ? "on" : ""} ${this._toast?.ok === false ? "bad" : ""}" role="status" data-testid="toast">${this._toast?.text ?? ""}</div>`;
  }

  /** @param {Event} event */
  _skip(event) {
    event.preventDefault();
    /** @type {HTMLElement | null} */ (this.querySelector("main"))?.focus();
  }
}

customElements.define("sd-desk", Desk);
