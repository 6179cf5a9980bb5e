// @ts-check
/**
 * The liquidation map under the candles: a plug-in of lightweight-charts' series primitives. Each column is the exact
 * map at its moment; the last one reaches to the right edge, because it is what lies ahead.
 */

/** @typedef {import("./store.js").Column} Column */

const DARK = [[26, 12, 74], [84, 2, 163], [139, 10, 165], [185, 50, 137], [219, 92, 104], [244, 136, 73], [254, 188, 43], [240, 249, 33]];
const LIGHT = [[243, 236, 250], [228, 208, 240], [210, 170, 228], [196, 130, 206], [190, 90, 170], [190, 60, 120], [190, 40, 70], [150, 10, 30]];

/**
 * A colour of the ramp. @param {number[][]} stops @param {number} at 0 to 1
 */
export function ramp(stops, at) {
  const place = Math.min(0.9999, Math.max(0, at)) * (stops.length - 1);
  const low = Math.floor(place);
  const part = place - low;
  return stops[low].map((value, channel) => Math.round(value + (stops[low + 1][channel] - value) * part));
}

/** How strong a bin shows: the square root, so that small ones are still seen. @param {number} worth @param {number} most */
export function strength(worth, most) {
  return most > 0 ? Math.sqrt(worth / most) : 0;
}

/** @param {boolean} dark */
function table(dark) {
  return Array.from({ length: 64 }, (_, at) => {
    const [r, g, b] = ramp(dark ? DARK : LIGHT, at / 63);
    return `rgba(${r},${g},${b},${(dark ? 0.25 + 0.6 * (at / 63) : 0.35 + 0.5 * (at / 63)).toFixed(3)})`;
  });
}

export class Heat {
  constructor() {
    /** @type {Column[]} */
    this.columns = [];
    this.bin = 1;
    this.most = 0;
    this._colours = table(true);
    /** @type {any} */
    this._host = null;
    /** @type {(second: number) => number | null} */
    this.x = () => null;
    this._views = [{ zOrder: () => "bottom", renderer: () => ({ draw: (/** @type {any} */ target) => this._draw(target) }) }];
  }

  /** @param {boolean} dark */
  look(dark) {
    this._colours = table(dark);
    this.ask();
  }

  /** @param {Column[]} columns @param {number} bin */
  show(columns, bin) {
    if (columns.length < this.columns.length || !columns.length) this.most = 0;
    this.columns = columns;
    this.bin = bin;
    const last = columns[columns.length - 1];
    if (this.most === 0) for (const column of columns) this._measure(column);
    else if (last) this._measure(last);
    this.ask();
  }

  /** @param {Column} column */
  _measure(column) {
    for (const [, shorts, longs] of column[1]) this.most = Math.max(this.most, shorts + longs);
  }

  ask() {
    this._host?.requestUpdate();
  }

  /** @param {any} host */
  attached(host) {
    this._host = host;
  }

  detached() {
    this._host = null;
  }

  paneViews() {
    return this._views;
  }

  /** @param {any} target */
  _draw(target) {
    const { columns, _host: host } = this;
    if (!host || !columns.length) return;
    target.useBitmapCoordinateSpace((/** @type {any} */ scope) => {
      const { context, bitmapSize, horizontalPixelRatio: across, verticalPixelRatio: down } = scope;
      for (let at = 0; at < columns.length; at += 1) {
        const left = this.x(columns[at][0]);
        const right = at + 1 < columns.length ? this.x(columns[at + 1][0]) : bitmapSize.width / across;
        if (left === null || right === null || right < 0 || left * across > bitmapSize.width) continue;
        const x = Math.round(Math.max(0, left) * across);
        const width = Math.max(1, Math.round(right * across) - x);
        for (const [bin, shorts, longs] of columns[at][1]) {
          const top = host.series.priceToCoordinate((bin + 1) * this.bin);
          const bottom = host.series.priceToCoordinate(bin * this.bin);
          if (top === null || bottom === null || bottom < 0 || top * down > bitmapSize.height) continue;
          const y = Math.round(top * down);
          context.fillStyle = this._colours[Math.round(63 * Math.min(1, strength(shorts + longs, this.most)))];
          context.fillRect(x, y, width, Math.max(1, Math.round(bottom * down) - y));
        }
      }
    });
  }
}
