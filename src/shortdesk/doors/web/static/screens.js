// @ts-check
/**
 * The screens of the desk. To add one: write screens/NAME.js that defines the element, enter it here.
 * `name` stands in the header, `parts` are what it wants of every frame (doors/web/parts.py); `key` opens it.
 * @type {{ path: string, title: string, name: string, tag: string, key: string, parts: string[], load: () => Promise<unknown> }[]}
 */
export const SCREENS = [
  {
    path: "cockpit",
    title: "Squeeze cockpit",
    name: "Cockpit",
    tag: "sd-cockpit",
    key: "1",
    parts: ["gauges", "counts", "book", "deaths", "tape", "happenings", "you", "candles", "columns"],
    load: () => import("./screens/cockpit.js"),
  },
  {
    path: "short",
    title: "Be the short",
    name: "Be the short",
    tag: "sd-short",
    key: "2",
    parts: ["gauges", "counts", "book", "you", "candles", "columns", "happenings"],
    load: () => import("./screens/short.js"),
  },
  {
    path: "map",
    title: "Liquidation map",
    name: "Map",
    tag: "sd-mapscreen",
    key: "3",
    parts: ["gauges", "counts", "liquidations", "you"],
    load: () => import("./screens/map.js"),
  },
  {
    path: "ticket",
    title: "Short ticket",
    name: "Ticket",
    tag: "sd-compare",
    key: "4",
    parts: [],
    load: () => import("./screens/ticket.js"),
  },
  {
    path: "postmortem",
    title: "Post-mortem",
    name: "Post-mortem",
    tag: "sd-postmortem",
    key: "5",
    parts: [],
    load: () => import("./screens/postmortem.js"),
  },
  {
    path: "runs",
    title: "Runs",
    name: "Runs",
    tag: "sd-runs",
    key: "6",
    parts: [],
    load: () => import("./screens/runs.js"),
  },
];
