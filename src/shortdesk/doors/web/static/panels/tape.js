// @ts-check
/** The last trades, and what happened. */

import { Panel, html } from "../panel.js";
import { clock, fixed, sizePlaces } from "../format.js";
import { store } from "../store.js";

const FORCED = { 5: "liquidation", 6: "ADL", 7: "stop", 13: "buy-in" };

class Tape extends Panel {
  render() {
    const trades = store.parts.tape?.trades ?? [];
    const places = this.head?.price_places ?? 2;
    const lots = sizePlaces(trades[0]?.[2] ?? 0, this.head?.size_places ?? 0);
    return html`<section class="panel tape" aria-label="Tape"><h2>Tape</h2>
      <div class="scroll" tabindex="0" aria-label="Last trades"><table><thead><tr><th scope="col">time</th><th scope="col" class="n">price</th><th scope="col" class="n">size</th><th scope="col">who</th></tr></thead>
      <tbody data-testid="tape">${trades.slice(0, 40).map(
        (/** @type {any} */ [, time, price, size, mechanism, own]) => html`<tr class="${size > 0 ? "up" : "down"} ${own ? "own" : ""} ${mechanism in FORCED ? "forced" : ""}">
          <td class="soft">${clock(time)}</td><td class="n">${fixed(price, places)}</td><td class="n">${size > 0 ? "▲" : "▼"} ${fixed(Math.abs(size), lots)}</td><td>${own ? "you" : (FORCED[/** @type {5} */ (mechanism)] ?? "")}</td></tr>`,
      )}</tbody></table></div></section>`;
  }
}

class Events extends Panel {
  render() {
    const events = store.parts.happenings ?? [];
    return html`<section class="panel events" aria-label="What happened"><h2>What happened</h2>
      <div class="scroll" tabindex="0" aria-label="Events"><ol data-testid="events">${events.length ? events.slice(0, 60).map(
        (/** @type {any} */ [, time, text, tone]) => html`<li class=${tone}><time>${clock(time)}</time> ${text}</li>`,
      ) : html`<li class="soft">Nothing yet. ${this.head?.trigger_s ? `What this scenario is about begins at ${clock(this.head.trigger_s)}.` : ""}</li>`}</ol></div></section>`;
  }
}

customElements.define("sd-tape", Tape);
customElements.define("sd-events", Events);
