// @ts-check
/** Be the short: an account of your own in the running market. */

import { Panel, html } from "../panel.js";
import "../panels/strip.js";
import "../panels/chart.js";
import "../panels/ladder.js";
import "../panels/tape.js";
import "../panels/ticket.js";
import "../panels/position.js";

class Short extends Panel {
  render() {
    return html`<sd-strip></sd-strip>
      <div class="grid trade">
        <div class="stage"><sd-chart></sd-chart><sd-verdict></sd-verdict></div>
        <sd-ladder></sd-ladder>
        <sd-ticket></sd-ticket>
        <div class="foot"><sd-position></sd-position><sd-slips></sd-slips></div>
      </div>`;
  }
}

customElements.define("sd-short", Short);
