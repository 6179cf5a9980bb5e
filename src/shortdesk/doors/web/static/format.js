// @ts-check
/** Numbers as a trader reads them. No DOM. */

const LOCALE = "en-US";
/** @type {Map<number, Intl.NumberFormat>} */
const formats = new Map();

/** @param {number} value @param {number} places */
export function fixed(value, places) {
  if (!Number.isFinite(value)) return "–";
  let format = formats.get(places);
  if (!format) {
    format = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: places, maximumFractionDigits: places });
    formats.set(places, format);
  }
  return format.format(value);
}

/** 81629152 as 81.63 M. @param {number} value */
export function short(value) {
  const size = Math.abs(value);
  if (size >= 1e9) return `${fixed(value / 1e9, 2)} B`;
  if (size >= 1e6) return `${fixed(value / 1e6, 2)} M`;
  if (size >= 1e4) return `${fixed(value / 1e3, 1)} k`;
  return fixed(value, size >= 100 ? 0 : 2);
}

/** Decimals of a size, so that what is worth a hundred of the quote still shows. @param {number} price @param {number} most */
export function sizePlaces(price, most) {
  return Math.max(0, Math.min(most, Math.ceil(Math.log10(Math.max(price, 1e-9) / 100))));
}

/** @param {number} value @param {number} places */
export function signed(value, places) {
  return (value > 0 ? "+" : "") + fixed(value, places);
}

/** Seconds as 1:02:03. @param {number} seconds */
export function clock(seconds) {
  const all = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${Math.floor(all / 3600)}:${two(Math.floor(all / 60) % 60)}:${two(all % 60)}`;
}

/** How a pace reads. @param {number} pace */
export function paceName(pace) {
  return pace === 0 ? "max" : `${pace}×`;
}
