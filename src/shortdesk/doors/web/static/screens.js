// @ts-check
/**
 * The screens of the desk. To add one: write screens/NAME.js that defines the element, enter it here.
 * `parts` are what it wants of every frame (doors/web/parts.py); `key` opens it.
 * @type {{ path: string, title: string, tag: string, key: string, parts: string[], load: () => Promise<unknown> }[]}
 */
export const SCREENS = [
  {
    path: "cockpit",
    title: "Squeeze cockpit",
    tag: "sd-cockpit",
    key: "1",
    parts: ["gauges", "counts", "book", "deaths", "tape", "happenings", "you", "candles", "columns"],
    load: () => import("./screens/cockpit.js"),
  },
  {
    path: "short",
    title: "Be the short",
    tag: "sd-short",
    key: "2",
    parts: ["gauges", "counts", "book", "you", "candles", "columns", "happenings"],
    load: () => import("./screens/short.js"),
  },
];
