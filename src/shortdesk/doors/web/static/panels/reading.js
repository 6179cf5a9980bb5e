// @ts-check
/** A chart that is read: the values under the pointer in words, the arrow keys walk them, and charts of one page move together. */

/** @type {Set<any>} */
const together = new Set();
let isMoving = false;

/** Charts with the same times show the same part of them. @param {any} chart */
export function joined(chart) {
  together.add(chart);
  chart.timeScale().subscribeVisibleLogicalRangeChange((/** @type {any} */ range) => {
    if (isMoving || !range) return;
    isMoving = true;
    for (const other of together) if (other !== chart) other.timeScale().setVisibleLogicalRange(range);
    isMoving = false;
  });
}

/** @param {any} chart */
export function apart(chart) {
  together.delete(chart);
}

/** A moment as date and time, UTC; without what is always the same. @param {number} second @param {number} step seconds between two */
export function moment(second, step) {
  const text = new Date(second * 1000).toISOString().replace("T", " ");
  return step >= 86_400 ? text.slice(0, 10) : step >= 60 ? text.slice(0, 16) : text.slice(0, 19);
}

/**
 * Make a plot readable by pointer and keys.
 * @param {HTMLElement} plot @param {any} chart @param {any} series that the cross stands on
 * @param {{ times: () => number[], value: (at: number) => number, say: (at: number) => string, to: () => HTMLElement | null }} how
 */
export function readable(plot, chart, series, how) {
  let here = -1;
  let byKeys = false;
  const tell = (/** @type {number} */ at) => {
    const box = how.to();
    if (box) box.textContent = at < 0 ? "" : how.say(at);
  };
  chart.subscribeCrosshairMove((/** @type {any} */ seen) => {
    if (byKeys || seen.time === undefined) return; // also said when the chart is drawn anew or moved
    here = how.times().indexOf(seen.time);
    tell(here);
  });
  plot.addEventListener("keydown", (event) => {
    const times = how.times();
    const ways = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -times.length, End: times.length };
    const by = ways[/** @type {keyof typeof ways} */ (event.key)];
    if (event.key === "+" || event.key === "-") zoom(chart, event.key === "+" ? 0.7 : 1.4, here);
    else if (event.key === "0") chart.timeScale().fitContent();
    else if (by !== undefined && times.length) {
      here = Math.max(0, Math.min(times.length - 1, (here < 0 ? (by > 0 ? -1 : times.length) : here) + by));
      byKeys = true;
      follow(chart, here);
      chart.setCrosshairPosition(how.value(here), times[here], series);
      tell(here);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  plot.addEventListener("pointermove", () => {
    byKeys = false;
  });
  for (const leaving of ["blur", "pointerleave"])
    plot.addEventListener(leaving, () => {
      chart.clearCrosshairPosition();
      tell((here = -1));
    });
}

/** @param {any} chart @param {number} by @param {number} here */
function zoom(chart, by, here) {
  const range = chart.timeScale().getVisibleLogicalRange();
  if (!range) return;
  const middle = here >= range.from && here <= range.to ? here : (range.from + range.to) / 2;
  chart.timeScale().setVisibleLogicalRange({ from: middle - (middle - range.from) * by, to: middle + (range.to - middle) * by });
}

/** Bring what the keys stand on into sight. @param {any} chart @param {number} at */
function follow(chart, at) {
  const range = chart.timeScale().getVisibleLogicalRange();
  if (!range || (at >= range.from && at <= range.to)) return;
  const by = at < range.from ? at - range.from - 2 : at - range.to + 2;
  chart.timeScale().setVisibleLogicalRange({ from: range.from + by, to: range.to + by });
}
