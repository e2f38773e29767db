/** What the parts of the supervisor's page share: the desk, the filter, the dialog that is open. */

import { createContext, useContext } from "../vendor/preact.js";
import { createStore } from "../page/store.js";
import { keep, recall } from "../page/storage.js";

/** @typedef {import("../page/tables.js").Row} Row */

/**
 * @typedef {object} Watch
 * @property {import("../page/desk.js").Desk} desk
 * @property {import("../page/views.js").ViewStore} view the desk's view, turning slowly enough for eyes
 * @property {import("../page/i18n.js").Translate} t
 * @property {import("../page/i18n.js").Language} lang
 * @property {(type: string, fields?: Record<string, unknown>) => Promise<boolean>} ask acts, and complains if refused
 */

export const WatchContext = createContext(/** @type {any} */ (null));

/** @returns {Watch} */
export function useWatch() {
  return useContext(WatchContext);
}

/** @typedef {{region: string, team: string, groupBy: "" | "region" | "team"}} Filter */

/** @type {import("../page/store.js").Store<Filter>} */
export const filter = createStore({ region: "", team: "", groupBy: "", ...recall("local", "filter") });
filter.watch(() => keep("local", "filter", filter.get()));

/** @typedef {{kind: string, row: Row, mode?: string} | null} OpenDialog */

export const dialog = createStore(/** @type {OpenDialog} */ (null));

/** The last refusal in words; "" when there is nothing to say. */
export const complaint = createStore("");

/** @typedef {"live" | "figures"} Part what the page shows; an address that ends in #figures opens with the figures */

/** @type {import("../page/store.js").Store<Part>} */
export const shownPart = createStore(
  typeof window !== "undefined" && (location.hash === "#figures" || recall("session", "part") === "figures") ? "figures" : "live",
);
shownPart.watch(() => keep("session", "part", shownPart.get()));
