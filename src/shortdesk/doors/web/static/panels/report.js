// @ts-check
/** Sections of a report: a verdict, facts, tables, and figures that the server drew. */

import { html, nothing } from "../panel.js";
import { walkable } from "./tree.js";

const NUMBER = /^([-−+]?[\d,]+(\.\d+)?( ?(%|bp|[A-Z]{3,5}))?|[-–—])?$/;

/** A figure comes as markup made by the server, all text in it escaped. */
class Figure extends HTMLElement {
  constructor() {
    super();
    this._markup = "";
  }

  /** @param {string} markup */
  set markup(markup) {
    if (markup === this._markup) return;
    this._markup = markup;
    this.innerHTML = markup;
    for (const figure of this.querySelectorAll(".cause-tree")) walkable(/** @type {HTMLElement} */ (figure));
  }
}

customElements.define("sd-figure", Figure);

/** @param {{ caption: string, columns: string[], rows: string[][], note: string }} part */
export function table(part) {
  const right = part.columns.map((_, at) => part.rows.length > 0 && part.rows.every((row) => NUMBER.test(row[at].trim())));
  return html`<div class="scroll" role="region" tabindex="0" aria-label=${part.caption}><table><caption>${part.caption}</caption>
    <thead><tr>${part.columns.map((name, at) => html`<th scope="col" class=${right[at] ? "n" : ""}>${name}</th>`)}</tr></thead>
    <tbody>${part.rows.map((row) => html`<tr>${row.map((cell, at) => at ? html`<td class=${right[at] ? "n" : ""}>${cell}</td>` : html`<th scope="row" class=${right[0] ? "n" : ""}>${cell}</th>`)}</tr>`)}</tbody></table></div>
    ${part.note ? html`<p class="note">${part.note}</p>` : nothing}`;
}

/** @param {any} part */
function drawn(part) {
  if (part.kind === "verdict") return html`<p class="finding ${part.mood}" data-testid="finding">${part.words}</p>`;
  if (part.kind === "facts")
    return html`<dl class="facts">${part.facts.map((/** @type {any} */ one) => html`<div class=${one.mood ?? ""}><dt>${one.name}</dt><dd>${one.value}</dd>${one.note ? html`<dd class="note">${one.note}</dd>` : nothing}</div>`)}</dl>`;
  if (part.kind === "prose") return part.lines.map((/** @type {string} */ line) => html`<p>${line}</p>`);
  if (part.kind === "table") return table(part);
  return html`<sd-figure .markup=${part.figure}></sd-figure>`;
}

/** @param {{ title: string, parts: any[] }} section */
export function section(section) {
  return html`<section data-testid="section">${section.title ? html`<h2>${section.title}</h2>` : nothing}${section.parts.map(drawn)}</section>`;
}
