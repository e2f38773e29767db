/** What the parts of the agent's page share: the desk, the contact looked at, drafts, and the last complaint. */

import { createContext, useContext } from "../vendor/preact.js";
import { createStore } from "../page/store.js";
import { keep, recall } from "../page/storage.js";

/** @typedef {import("../page/tables.js").Row} Row */

/**
 * @typedef {object} Work
 * @property {import("../page/desk.js").Desk} desk
 * @property {import("../page/i18n.js").Translate} t
 * @property {import("../page/i18n.js").Language} lang
 * @property {(type: string, fields?: Record<string, unknown>) => Promise<boolean>} ask acts, and complains if refused
 */

export const WorkContext = createContext(/** @type {any} */ (null));

/** @returns {Work} */
export function useWork() {
  return useContext(WorkContext);
}

/** The offer id of the assignment that the middle of the page shows; 0: none. */
export const selected = createStore(0);

/** The last refusal in words; "" when there is nothing to say. */
export const complaint = createStore("");

/** Something went well that the page does not show otherwise. */
export const news = createStore("");

/** @typedef {{reply?: string, notes?: string, disposition?: string, seen?: number}} Draft */

/** @type {Record<string, Draft>} what was typed and not sent yet, by offer; a reload keeps it */
let drafts = recall("session", "drafts") ?? {};

/** @param {number} offer @returns {Draft} */
export function draftOf(offer) {
  return drafts[offer] ?? {};
}

/** @param {number} offer @param {Draft} part */
export function keepDraft(offer, part) {
  drafts = { ...drafts, [offer]: { ...drafts[offer], ...part } };
  keep("session", "drafts", drafts);
}

/** Forget the drafts of contacts that are over. @param {Iterable<string>} offers those that are not */
export function pruneDrafts(offers) {
  const alive = new Set(offers);
  const kept = Object.entries(drafts).filter(([offer]) => alive.has(offer));
  if (kept.length === Object.keys(drafts).length) return;
  drafts = Object.fromEntries(kept);
  keep("session", "drafts", drafts);
}
