/** Why a contact stands where it stands, and what a queue's spill means for it. Pure. */

import { durationText } from "../page/format.js";

/** @typedef {import("../page/tables.js").Row} Row */
/** @typedef {import("../page/i18n.js").Translate} Translate */
/** @typedef {import("../page/i18n.js").Language} Language */

const PARTS = ["queue", "entry", "value", "repeat", "manual"];

/**
 * The parts of a head start, in the order in which they came about; a part of a newer server is shown under its own name.
 *
 * @param {Row} row a contact
 * @param {Translate} t
 * @param {Language} lang
 * @returns {[string, string][]} what for, how much
 */
export function headStartRows(row, t, lang) {
  const parts = Object.entries(row.head_starts ?? {}).filter(([, ms]) => ms);
  const rank = (/** @type {string} */ name) => (PARTS.includes(name) ? PARTS.indexOf(name) : PARTS.length);
  parts.sort(([one], [other]) => rank(one) - rank(other) || one.localeCompare(other));
  return parts.map(([name, ms]) => [PARTS.includes(name) ? t(`head_start_${name}`) : name, signed(ms, lang)]);
}

/** @param {number} ms a part may take back what another gave @param {Language} lang */
function signed(ms, lang) {
  return `${ms < 0 ? "−" : "+"}${durationText(Math.abs(ms), lang)}`;
}

/** Whether the contact reaches further than its home for now, by the load of its region. @param {Row} row a contact @param {Row | undefined} queue */
export function isSpilled(row, queue) {
  return Boolean(queue?.spilled?.includes(row.region));
}
