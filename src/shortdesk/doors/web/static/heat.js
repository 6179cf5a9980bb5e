// @ts-check
/**
 * The liquidation map under the candles: a plug-in of lightweight-charts' series primitives. Each column is the exact
 * map at its moment; the last one reaches to the right edge, because it is what lies ahead.
 */

/** @typedef {import("./store.js").Column} Column */

const DARK = [[26, 12, 74], [84, 2, 163], [139, 10, 165], [185, 50, 137], [219, 92, 104], [244, 136, 73], [254, 188, 43], [240, 249, 33]];
const LIGHT = [[243, 236, 250], [228, 208, 240], [210, 170, 228], [196, 130, 206], [190, 90, 170], [190, 60, 120], [190, 40, 70], [150, 10, 30]];

/** Bins that the picture can hold; what dies beyond is far outside of every view. */
const MOST_BINS = 4096;
/** Columns for which a new picture has room, so that it is not made anew with each. */
const ROOM = 40;

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

/** The ramp in 64 steps, each as red, green, blue and opacity. @param {boolean} dark */
function table(dark) {
  return Array.from({ length: 64 }, (_, at) => [...ramp(dark ? DARK : LIGHT, at / 63), Math.round(255 * (dark ? 0.25 + 0.6 * (at / 63) : 0.35 + 0.5 * (at / 63)))]);
}

export class Heat {
  constructor() {
    /** @type {Column[]} */
    this.columns = [];
    this.bin = 1;
    this.most = 0;
    this._colours = table(true);
    /** One pixel for each bin of each column; painted again only where something changed. */
    this._picture = document.createElement("canvas");
    this._painted = 0;
    this._low = 0;
    /** @type {any} */
    this._host = null;
    /** @type {(second: number) => number | null} */
    this.x = () => null;
    this._views = [{ zOrder: () => "bottom", renderer: () => ({ draw: (/** @type {any} */ target) => this._draw(target) }) }];
  }

  /** @param {boolean} dark */
  look(dark) {
    this._colours = table(dark);
    this._painted = 0;
    this.ask();
  }

  /** @param {Column[]} columns @param {number} bin */
  show(columns, bin) {
    if (columns !== this.columns || columns.length < this._painted || bin !== this.bin) {
      this.most = 0;
      this._painted = 0;
    }
    const most = this.most;
    this.columns = columns;
    this.bin = bin;
    if (this.most === 0) for (const column of columns) this._measure(column);
    else for (const column of columns.slice(Math.max(0, this._painted - 1))) this._measure(column);
    if (this.most !== most) this._painted = 0;
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

  /** The columns that changed, into the picture: the lowest bin at the bottom. */
  _paint() {
    const { columns, _picture: picture } = this;
    let [low, high] = this._painted ? [this._low, this._low + picture.height - 1] : [Infinity, -Infinity];
    for (const [, bins] of columns.slice(Math.max(0, this._painted - 1))) {
      low = Math.min(low, bins[0]?.[0] ?? low);
      high = Math.max(high, bins[bins.length - 1]?.[0] ?? high);
    }
    if (!(high >= low)) return;
    high = Math.min(high, low + MOST_BINS - 1);
    if (!this._painted || columns.length > picture.width || low < this._low || high > this._low + picture.height - 1) {
      picture.width = columns.length + ROOM;
      picture.height = high - low + 1;
      this._low = low;
      this._painted = 0;
    }
    const context = picture.getContext("2d");
    const from = Math.max(0, this._painted - 1);
    if (!context || from >= columns.length) return;
    const image = context.createImageData(columns.length - from, picture.height);
    for (let at = from; at < columns.length; at += 1) {
      for (const [bin, shorts, longs] of columns[at][1]) {
        const row = picture.height - 1 - (bin - this._low);
        if (row < 0) continue;
        const colour = this._colours[Math.round(63 * Math.min(1, strength(shorts + longs, this.most)))];
        image.data.set(colour, 4 * (row * image.width + at - from));
      }
    }
    context.putImageData(image, from, 0);
    this._painted = columns.length;
  }

  /** @param {any} target */
  _draw(target) {
    const { columns, _host: host, _picture: picture } = this;
    if (!host || !columns.length) return;
    this._paint();
    if (!this._painted) return;
    target.useBitmapCoordinateSpace((/** @type {any} */ scope) => {
      const { context, bitmapSize, horizontalPixelRatio: across, verticalPixelRatio: down } = scope;
      const top = host.series.priceToCoordinate((this._low + picture.height) * this.bin);
      const bottom = host.series.priceToCoordinate(this._low * this.bin);
      if (top === null || bottom === null) return;
      const edges = columns.map((one) => (this.x(one[0]) ?? 0) * across);
      edges.push(bitmapSize.width);
      context.imageSmoothingEnabled = false;
      let from = Math.max(0, edges.findIndex((edge) => edge > 0) - 1);
      while (from < columns.length && edges[from] < bitmapSize.width) {
        let until = from + 1; // columns of one width are one stroke of the brush
        const width = edges[until] - edges[from];
        while (until < columns.length && Math.abs(edges[until + 1] - edges[from] - (until + 1 - from) * width) < 0.5) until += 1;
        const [left, right] = [Math.round(edges[from]), Math.round(edges[until])];
        if (right > left) context.drawImage(picture, from, 0, until - from, picture.height, left, top * down, right - left, (bottom - top) * down);
        from = until;
      }
    });
  }
}
