// @ts-check
/** A canvas that is as sharp as the screen, drawn again when its box, its data or the colours change. */

/** @type {Map<string, string>} */
const tokens = new Map();
let look = "";

/** A colour of the theme; asked of the page once for each theme and palette. @param {string} name */
export function token(name) {
  const { theme, palette } = document.documentElement.dataset;
  if (look !== `${theme} ${palette}`) {
    tokens.clear();
    look = `${theme} ${palette}`;
  }
  let found = tokens.get(name);
  if (found === undefined) {
    found = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    tokens.set(name, found);
  }
  return found;
}

export class Sheet {
  /** @param {(context: CanvasRenderingContext2D, width: number, height: number) => void} draw in CSS pixels */
  constructor(draw) {
    this._draw = draw;
    /** @type {HTMLCanvasElement | null} */
    this._canvas = null;
    this._width = 0;
    this._height = 0;
    this._font = "";
    this._watcher = new ResizeObserver(() => this._measure());
    this._look = () => this.draw();
  }

  /** @param {HTMLCanvasElement} canvas */
  attach(canvas) {
    if (canvas === this._canvas) return;
    this.detach();
    this._canvas = canvas;
    this._watcher.observe(canvas);
    addEventListener("sd-look", this._look);
  }

  /** The size is asked only when it changed: asking costs the page a layout. */
  _measure() {
    this._width = this._canvas?.clientWidth ?? 0;
    this._height = this._canvas?.clientHeight ?? 0;
    this._font = `11px ${getComputedStyle(document.body).fontFamily}`;
    this.draw();
  }

  detach() {
    this._watcher.disconnect();
    removeEventListener("sd-look", this._look);
    this._canvas = null;
  }

  draw() {
    const canvas = this._canvas;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    const { _width: width, _height: height } = this;
    const scale = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = this._font;
    if (width > 20 && height > 20) this._draw(context, width, height);
  }
}

/**
 * Round values that divide a range into a few steps.
 * @param {number} low @param {number} high @param {number} most
 */
export function ticks(low, high, most) {
  const raw = (high - low) / Math.max(1, most);
  if (!(raw > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= raw * 0.999) ?? raw;
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) found.push(at * step);
  return found;
}

/**
 * A label that stays inside, on a plate of the paper's colour so that lines do not cross it.
 * @param {CanvasRenderingContext2D} context @param {string} text @param {number} x @param {number} y baseline
 * @param {number} width of the canvas @param {string} colour @param {"left" | "center" | "right"} [align]
 */
export function label(context, text, x, y, width, colour, align = "center") {
  const long = context.measureText(text).width;
  let left = align === "left" ? x : align === "right" ? x - long : x - long / 2;
  left = Math.max(3, Math.min(width - long - 3, left));
  context.textAlign = "left";
  context.fillStyle = token("--card");
  context.globalAlpha = 0.82;
  context.fillRect(left - 3, y - 10, long + 6, 14);
  context.globalAlpha = 1;
  context.fillStyle = colour;
  context.fillText(text, left, y);
}

/**
 * Grid lines and prices along the bottom of a plot.
 * @param {CanvasRenderingContext2D} context
 * @param {{ low: number, high: number, left: number, right: number, top: number, bottom: number }} box
 * @param {(price: number) => number} x @param {(price: number) => string} text
 */
export function priceAxis(context, box, x, text) {
  context.strokeStyle = token("--grid");
  context.fillStyle = token("--soft");
  context.lineWidth = 1;
  context.textAlign = "center";
  const wide = context.measureText(text(box.high)).width + 18;
  for (const price of ticks(box.low, box.high, Math.floor((box.right - box.left) / wide))) {
    const at = Math.round(x(price)) + 0.5;
    context.beginPath();
    context.moveTo(at, box.top);
    context.lineTo(at, box.bottom);
    context.stroke();
    if (at > box.left + wide / 2 - 6 && at < box.right - wide / 2 + 6) context.fillText(text(price), at, box.bottom + 14);
  }
}
