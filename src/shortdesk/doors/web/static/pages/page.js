// @ts-check
/**
 * A page that carries its data in itself: what was drawn for paper is covered by the desk's own panels, which read the
 * same figures. Without scripts, and on paper, the drawings and tables are what there is.
 */

import "../looks.js";
import { onKey } from "../keys.js";
import { walkable } from "../panels/tree.js";
import { store } from "../store.js";

/** What the page was given, written into it as JSON. */
const given = JSON.parse(document.getElementById("given")?.textContent ?? "{}");

/** Put each panel where its drawing is. */
export function open() {
  store.give(given.store);
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-panel]"))) {
    const { panel = "", of = "" } = place.dataset;
    if (panel) {
      const made = document.createElement(panel);
      if (of) Object.assign(made, { [given.of[of].as]: given.of[of].value });
      place.append(made);
    }
    place.classList.add("covered");
  }
  for (const figure of document.querySelectorAll(".cause-tree")) walkable(/** @type {HTMLElement} */ (figure));
  document.querySelector(".page > header")?.append(document.createElement("sd-looks"));
  onKey("g", "to the next section", () => step(1));
  onKey("G", "to the section before", () => step(-1));
  document.documentElement.dataset.ready = "1";
}

/** The section that the reader comes to next; it takes the focus, so that Tab goes on from there. @param {number} by */
function step(by) {
  const heads = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".page h1, .page main > section > h2")]);
  const above = heads.filter((one) => one.getBoundingClientRect().top < 4).length;
  const here = heads.findIndex((one) => Math.abs(one.getBoundingClientRect().top) < 4);
  const to = heads[by > 0 ? (here >= 0 ? here + 1 : above) : (here >= 0 ? here : above) - 1];
  if (!to) return;
  to.tabIndex = -1;
  to.focus();
  to.scrollIntoView();
}
