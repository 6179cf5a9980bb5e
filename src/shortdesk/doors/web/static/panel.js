// @ts-check
/** What every panel is: a lit element without a shadow, drawn again with every frame that brings what it shows. */

import { LitElement } from "lit";
import { store } from "./store.js";

export { html, nothing, svg } from "lit";

export class Panel extends LitElement {
  constructor() {
    super();
    this._again = () => this.requestUpdate();
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    store.addEventListener("frame", this._again);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener("frame", this._again);
  }

  /** @returns {any} */
  get head() {
    return store.parts.head;
  }
}

/**
 * Tell the reader something for a few seconds.
 * @param {string} text @param {boolean} ok
 */
export function toast(text, ok = true) {
  if (text) document.dispatchEvent(new CustomEvent("sd-toast", { detail: { text, ok } }));
}

/**
 * Say something to the server and tell the reader what came of it.
 * @param {Record<string, any>} message
 */
export async function act(message) {
  const answer = await store.say(message);
  if (answer.text) toast(answer.text, answer.ok);
  return answer;
}
