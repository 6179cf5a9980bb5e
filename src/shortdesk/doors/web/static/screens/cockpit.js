// @ts-check
/** The squeeze cockpit: the whole market at one look, and the buttons that disturb it. */

import { Panel, html } from "../panel.js";
import "../panels/strip.js";
import "../panels/chart.js";
import "../panels/ladder.js";
import "../panels/tape.js";
import "../panels/deaths.js";
import "../panels/depth.js";
import "../panels/shocks.js";
import "../panels/position.js";

class Cockpit extends Panel {
  render() {
    return html`<sd-strip></sd-strip>
      <div class="grid cockpit">
        <div class="stage"><sd-chart></sd-chart><sd-verdict></sd-verdict></div>
        <sd-ladder></sd-ladder>
        <sd-tape></sd-tape>
        <div class="foot"><sd-deaths></sd-deaths><sd-depth></sd-depth><sd-events></sd-events><sd-shocks></sd-shocks></div>
      </div>`;
  }
}

customElements.define("sd-cockpit", Cockpit);
