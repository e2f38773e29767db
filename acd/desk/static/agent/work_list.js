/** What the agent's tables say about the work in hand. Pure. */

/** @typedef {import("../page/tables.js").Row} Row */
/** @typedef {import("../page/tables.js").Table} Table */

/** A customer who has waited this long for a reply stands out; then alarms. */
export const REPLY_WARNING_MS = 60_000;
export const REPLY_ALARM_MS = 100_000;

/** @param {Table} assignments @returns {Row[]} the talks first, then what is to be wrapped up, each in order of arrival */
export function sortWork(assignments) {
  const rank = (/** @type {Row} */ row) => (row.state === "wrap_up" ? 1 : 0);
  return [...assignments.values()].sort((a, b) => rank(a) - rank(b) || a.offer - b.offer);
}

/** @param {Table} messages @param {string} contact @returns {Row[]} the lines of a chat in order */
export function linesOf(messages, contact) {
  return [...messages.values()].filter((line) => line.contact === contact).sort((a, b) => a.number - b.number);
}

/**
 * @param {Row[]} lines of one chat
 * @param {number} seen number of the last line that the agent has looked at
 * @returns {{unread: number, unansweredSince: number | null}} since when the customer waits for a reply
 */
export function replyState(lines, seen) {
  let unread = 0;
  /** @type {number | null} */
  let unansweredSince = null;
  for (const line of lines) {
    if (line.by === "customer") {
      if (line.number > seen) unread += 1;
      unansweredSince ??= line.at_ms;
    } else if (line.by === "agent") {
      unansweredSince = null;
    }
  }
  return { unread, unansweredSince };
}

/** @param {number | null} since @param {number} now @returns {"" | "warning" | "alarm"} */
export function replyUrgency(since, now) {
  if (since === null || now - since < REPLY_WARNING_MS) return "";
  return now - since < REPLY_ALARM_MS ? "warning" : "alarm";
}

/**
 * Which assignment the page should show: the one looked at while it lasts, else the newest talk, else any.
 *
 * @param {Table} assignments
 * @param {number} current offer id, 0 for none
 * @returns {number} 0 if there is none
 */
export function chooseSelected(assignments, current) {
  if (assignments.has(String(current))) return current;
  const work = sortWork(assignments);
  const talks = work.filter((row) => row.state !== "wrap_up");
  return (talks[talks.length - 1] ?? work[0])?.offer ?? 0;
}
