// @ts-check
/** The liquidation map: where everybody dies, what outsiders think, and what the book holds against it. */

import { Panel, html } from "../panel.js";
import "../panels/strip.js";
import "../panels/map.js";

class MapScreen extends Panel {
  render() {
    return html`<sd-strip></sd-strip><sd-map class="grid mapgrid"></sd-map>`;
  }
}

customElements.define("sd-mapscreen", MapScreen);
