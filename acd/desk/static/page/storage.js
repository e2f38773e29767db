/**
 * What a page remembers in the browser. A browser may forbid it (private windows, policies); then the page
 * works on and forgets at reload.
 */

/**
 * @param {"local" | "session"} kind
 * @returns {Storage | null}
 */
function area(kind) {
  try {
    return kind === "local" ? window.localStorage : window.sessionStorage;
  } catch {
    return null;
  }
}

/**
 * @param {"local" | "session"} kind
 * @param {string} name
 * @returns {any} what was kept, or null
 */
export function recall(kind, name) {
  const text = area(kind)?.getItem(`acd.${name}`);
  if (text === null || text === undefined) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // Written by something else: as good as nothing.
  }
}

/**
 * @param {"local" | "session"} kind
 * @param {string} name
 * @param {any} value null forgets
 */
export function keep(kind, name, value) {
  const store = area(kind);
  if (!store) return;
  try {
    if (value === null) store.removeItem(`acd.${name}`);
    else store.setItem(`acd.${name}`, JSON.stringify(value));
  } catch (problem) {
    console.warn("the browser keeps nothing for this page", name, problem);
  }
}
