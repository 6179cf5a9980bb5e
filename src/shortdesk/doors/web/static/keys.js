// @ts-check
/** Every action has a key; the list is what the help shows. */

/** @type {Map<string, { name: string, act: () => void }>} */
const keys = new Map();

/**
 * @param {string} key as in KeyboardEvent.key
 * @param {string} name what the help says
 * @param {() => void} act
 */
export function onKey(key, name, act) {
  keys.set(key, { name, act });
}

/** @param {string} key */
export function offKey(key) {
  keys.delete(key);
}

/** @returns {[string, string][]} */
export function keyList() {
  return [...keys].map(([key, { name }]) => [key === " " ? "space" : key, name]);
}

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("input, select, textarea, dialog")) return;
  if (event.key === " " && target.closest("button, a, summary")) return;
  const found = keys.get(event.key);
  if (!found) return;
  event.preventDefault();
  found.act();
});
