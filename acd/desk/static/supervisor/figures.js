/** The few figures on top, and the minutes behind the chart. Pure sums of what the tables say. */

import { doing } from "../page/presence.js";

/** @typedef {import("../page/tables.js").Row} Row */
/** @typedef {{region: string, team: string}} Filter empty: all */

export const HISTORY_MINUTES = 10;
const SAMPLE_MS = 2_000;
const SAMPLES_MOST = (HISTORY_MINUTES * 60_000) / SAMPLE_MS;

/** @param {Iterable<Row>} agents @param {Filter} filter @returns {Row[]} */
export function filterAgents(agents, filter) {
  return [...agents].filter(
    (row) => (!filter.region || row.region === filter.region) && (!filter.team || row.team === filter.team),
  );
}

/** @param {Iterable<Row>} contacts @param {Filter} filter a contact has no team: only the region counts @returns {Row[]} */
export function filterContacts(contacts, filter) {
  return [...contacts].filter((row) => !filter.region || row.region === filter.region);
}

/**
 * As the rows of the queues count: who is being offered to somebody does not wait, nor do return calls.
 *
 * @param {Row[]} agents those that match the filter
 * @param {Row[]} contacts those that match the filter
 */
export function countLive(agents, contacts) {
  const waiting = contacts.filter((row) => row.state === "waiting" && row.origin !== "return_call");
  const count = (/** @type {string[]} */ ...states) => agents.filter((row) => states.includes(doing(row))).length;
  return {
    waiting: waiting.length,
    longestArrivedAtMs: waiting.length ? Math.min(...waiting.map((row) => row.arrived_at_ms)) : null,
    ready: count("ready"),
    working: count("talking", "held", "offered"),
    wrapUp: count("wrap_up"),
    notReady: count("not_ready", "system"),
    signedIn: agents.filter((row) => row.presence !== "signed_out").length,
  };
}

/**
 * The day over all queues, by the rule of the rows themselves: answered in time of all answered and abandoned.
 *
 * @param {Iterable<Row>} queues
 */
export function countDay(queues) {
  const sum = { answered: 0, inTime: 0, abandoned: 0 };
  for (const row of queues) {
    sum.answered += row.answered;
    sum.inTime += row.answered_in_time;
    sum.abandoned += row.abandoned;
  }
  const counted = sum.answered + sum.abandoned;
  return { ...sum, serviceLevel: counted ? Math.floor((sum.inTime * 1000) / counted) : null };
}

/**
 * @typedef {object} History columns as the chart wants them; null where nothing was known
 * @property {number[]} at seconds since 1970
 * @property {(number | null)[]} waiting
 * @property {(number | null)[]} ready
 */

/** @type {History} */
export const NO_HISTORY = { at: [], waiting: [], ready: [] };

/**
 * @param {History} history
 * @param {number} atMs
 * @param {{waiting: number, ready: number} | null} sample null while the connection does not stand
 * @returns {History} the same object if it is too early for another sample
 */
export function addSample(history, atMs, sample) {
  const last = history.at[history.at.length - 1];
  if (last !== undefined && atMs - last * 1000 < SAMPLE_MS * 0.9) return history;
  const add = (/** @type {any[]} */ column, /** @type {any} */ value) => [...column, value].slice(-SAMPLES_MOST);
  return {
    at: add(history.at, atMs / 1000),
    waiting: add(history.waiting, sample?.waiting ?? null),
    ready: add(history.ready, sample?.ready ?? null),
  };
}
