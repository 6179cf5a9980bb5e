// @ts-check
/** What dies next: worth of positions by distance of the mark, cumulative, beside what the book offers on the way. */

import { Panel, html } from "../panel.js";
import { fixed, short } from "../format.js";
import { store } from "../store.js";

const STEPS_PCT = [0.5, 1, 2, 3, 5];

/**
 * Worth of shorts that die while the mark rises by so many per cent, and of longs while it falls.
 * @param {[number, number, number][]} bins @param {number} step @param {number} mark @param {number} percent
 */
export function within(bins, step, mark, percent) {
  const above = mark * (1 + percent / 100);
  const below = mark * (1 - percent / 100);
  let shorts = 0;
  let longs = 0;
  for (const [bin, short_, long] of bins) {
    const low = bin * step;
    const high = low + step;
    if (high > mark) shorts += short_ * Math.min(1, Math.max(0, (above - Math.max(low, mark)) / (high - Math.max(low, mark))));
    if (low < mark) longs += long * Math.min(1, Math.max(0, (Math.min(high, mark) - below) / (Math.min(high, mark) - low)));
  }
  return { shorts, longs };
}

class Deaths extends Panel {
  render() {
    const map = store.parts.deaths;
    const mark = store.parts.gauges?.mark ?? 0;
    if (!map || !mark) return html`<section class="panel deaths"><h2>Next to die</h2></section>`;
    const rows = STEPS_PCT.map((percent) => ({ percent, ...within(map.bins, map.step, mark, percent) }));
    const most = Math.max(1, ...rows.map((one) => Math.max(one.shorts, one.longs)));
    const places = this.head?.price_places ?? 2;
    const near = map.nearest_short ? `nearest short ${fixed(map.nearest_short, places)}` : map.nearest_long ? `nearest long ${fixed(map.nearest_long, places)}` : "nobody near";
    return html`<section class="panel deaths" aria-label="Liquidations ahead"><h2>Next to die <span class="soft" data-testid="nearest">${near}</span></h2>
      <table data-testid="deaths"><thead class="sr"><tr><th scope="col">longs if the mark falls</th><th scope="col">by</th><th scope="col">shorts if it rises</th></tr></thead><tbody>
      ${rows.map((one) => html`<tr><td class="bar left"><i class="danger" style="width:${(100 * one.longs) / most}%"></i><span>${one.longs ? short(one.longs) : ""}</span></td><th scope="row">${one.percent} %</th><td class="bar"><i class="danger" style="width:${(100 * one.shorts) / most}%"></i><span>${one.shorts ? short(one.shorts) : ""}</span></td></tr>`)}
      </tbody></table></section>`;
  }
}

customElements.define("sd-deaths", Deaths);
