// @ts-check
/** Questions to the desk that are answered once, and where a screen stands in the address. */

/**
 * Ask for an address, or send something to it. What went wrong comes back as `error`.
 * @param {string} path @param {Record<string, any>} [message]
 * @returns {Promise<any>}
 */
export async function ask(path, message) {
  try {
    const answer = message
      ? await fetch(path, { method: "POST", body: JSON.stringify(message), headers: { "Content-Type": "application/json" } })
      : await fetch(path);
    const found = await answer.json();
    return answer.ok || found.error ? found : { error: `the desk answered ${answer.status}` };
  } catch {
    return { error: "the desk does not answer; is its command still running?" };
  }
}

/** What stands behind the ? of the address. */
export function asked() {
  return new URLSearchParams(location.hash.split("?")[1] ?? "");
}

/**
 * Go to a screen; what is empty is left out of the address.
 * @param {string} path @param {Record<string, string>} given
 */
export function go(path, given) {
  const session = asked().get("session") ?? "";
  const kept = Object.entries({ session, ...given }).filter(([, value]) => value);
  const query = new URLSearchParams(kept).toString();
  location.hash = `#/${path}${query ? `?${query}` : ""}`;
}
