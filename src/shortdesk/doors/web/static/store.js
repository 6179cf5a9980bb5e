// @ts-check
/**
 * What the page knows: the newest frame, the candles and columns so far, and the socket that brings them.
 * Panels listen for "frame" (something changed), "reset" (another play: forget the old one) and "link".
 */

/** @typedef {[number, number, number, number, number, number, number, number]} Candle second, open, high, low, close, worth, forced buying, forced selling */
/** @typedef {[number, [number, number, number][]]} Column second, then bin, worth of shorts, worth of longs */

const RETRY_MS = 1000;

class Store extends EventTarget {
  constructor() {
    super();
    /** @type {Record<string, any>} */
    this.parts = {};
    /** @type {any} */
    this.state = { phase: "opening", playing: false, pace: 0, now_s: 0, horizon_s: 0, over: false, problem: "" };
    /** @type {Candle[]} */
    this.candles = [];
    /** @type {Column[]} */
    this.columns = [];
    this.session = "";
    this.play = -1;
    this.link = "opening";
    this.frames = 0;
    /** @type {Set<string>} */
    this._wanted = new Set();
    /** @type {Map<number, (answer: any) => void>} */
    this._waiting = new Map();
    this._next = 1;
    /** @type {WebSocket | null} */
    this._socket = null;
    this._refused = 0;
  }

  /** @param {string} session @param {Iterable<string>} parts */
  show(session, parts) {
    this.session = session;
    this._wanted = new Set(parts);
    if (this._socket?.readyState === WebSocket.OPEN) this._watch();
    else this._open();
  }

  _open() {
    if (this._socket && this._socket.readyState <= WebSocket.OPEN) return;
    const socket = new WebSocket(`ws://${location.host}/socket`);
    this._socket = socket;
    let isOpen = false;
    socket.onopen = () => {
      isOpen = true;
      this._refused = 0;
      this._setLink("open");
      this._watch();
    };
    socket.onmessage = (event) => this._hear(JSON.parse(event.data));
    socket.onclose = () => {
      for (const answer of this._waiting.values()) answer({ ok: false, text: "the desk is not connected" });
      this._waiting.clear();
      if (!isOpen) this._refused += 1;
      this._setLink(this._refused > 2 ? "refused" : "lost");
      setTimeout(() => this._open(), RETRY_MS);
    };
  }

  /**
   * Show what a page carries in itself; no socket is opened.
   * @param {{ state: any, parts: Record<string, any>, candles: Candle[], columns: Column[] }} given
   */
  give({ state, parts, candles, columns }) {
    this.state = state;
    this.parts = parts;
    this.candles = candles;
    this.columns = columns;
    this.dispatchEvent(new Event("reset"));
    this.tell();
  }

  /** Parts have changed: draw again. */
  tell() {
    this.frames += 1;
    this.dispatchEvent(new Event("frame"));
  }

  /** @param {string} link */
  _setLink(link) {
    if (this.link === link) return;
    this.link = link;
    this.dispatchEvent(new Event("link"));
    this.dispatchEvent(new Event("frame"));
  }

  _watch() {
    this.play = -1;
    this.say({ say: "watch", session: this.session, parts: [...this._wanted] }).then((answer) => {
      if (!answer.ok && this.session) location.hash = location.hash.split("?")[0];
    });
  }

  /**
   * Say something to the server; its answer.
   * @param {Record<string, any>} message
   * @returns {Promise<any>}
   */
  say(message) {
    const socket = this._socket;
    if (!socket || socket.readyState !== WebSocket.OPEN)
      return Promise.resolve({ ok: false, text: "the desk is not connected" });
    const id = this._next++;
    return new Promise((resolve) => {
      this._waiting.set(id, resolve);
      socket.send(JSON.stringify({ ...message, id }));
    });
  }

  /** @param {any} message */
  _hear(message) {
    if (message.kind === "answer") {
      const answer = this._waiting.get(message.id);
      this._waiting.delete(message.id);
      answer?.(message);
      return;
    }
    if (this.play < 0 && !message.whole) return this._drawn(message); // was under way when other parts were asked for
    if (message.whole) {
      this.play = message.play;
      this.candles = [];
      this.columns = [];
      this.parts = {};
      this.dispatchEvent(new Event("reset"));
    }
    this.state = message.state;
    Object.assign(this.parts, message.parts);
    extend(this.candles, message.candles);
    extend(this.columns, message.columns);
    this.frames += 1;
    this.dispatchEvent(new Event("frame"));
    this._drawn(message);
  }

  /** Tell the server that the next frame may come. @param {any} message */
  _drawn(message) {
    requestAnimationFrame(() => {
      if (this._socket?.readyState === WebSocket.OPEN)
        this._socket.send(JSON.stringify({ say: "ready", frame: message.number }));
      document.documentElement.dataset.ready = String(this.frames);
    });
  }
}

/**
 * Append entries by their first field; one with the time of the last takes its place.
 * @template {any[]} T
 * @param {T[]} list @param {T[]} more
 */
export function extend(list, more) {
  for (const entry of more) {
    const last = list[list.length - 1];
    if (last && last[0] === entry[0]) list[list.length - 1] = entry;
    else if (!last || entry[0] > last[0]) list.push(entry);
  }
}

export const store = new Store();
