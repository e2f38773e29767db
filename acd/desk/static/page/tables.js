/**
 * The page's copy of a desk view: tables of rows by key, as PROTOCOL.md section 3 describes. Pure: a snapshot
 * or delta goes in, a new view comes out; tables that did not change stay the same object, so that whoever
 * watches them is not drawn again.
 */

/** @typedef {Record<string, any>} Row */
/** @typedef {ReadonlyMap<string, Row>} Table */
/**
 * @typedef {object} View
 * @property {string} stream names the server's count; "" before the first snapshot
 * @property {number} seq
 * @property {number} atMs the server's time of the newest message
 * @property {Readonly<Record<string, Table>>} tables
 */

/** Which field is a row's key. A table that is not named here is one that this page does not know. */
export const KEY_FIELDS = /** @type {Readonly<Record<string, string>>} */ ({
  me: "agent",
  labels: "queue",
  offers: "offer",
  assignments: "offer",
  tickets: "ticket",
  return_calls: "contact",
  queues: "queue",
  agents: "agent",
  contacts: "contact",
  regions: "key",
  teams: "key",
  alerts: "key",
});

/** @type {Table} */
const NO_ROWS = new Map();

/** @type {View} */
export const EMPTY_VIEW = { stream: "", seq: 0, atMs: 0, tables: {} };

/** Thrown when a delta does not follow what we have: something was missed, the page must connect anew. */
export class Gap extends Error {}

/**
 * @param {string} table
 * @param {Row} row
 * @returns {string | null} null for a table that this page does not know
 */
export function rowKey(table, row) {
  if (table === "chat_messages") return `${row.contact}/${row.number}`;
  const field = KEY_FIELDS[table];
  return field ? String(row[field]) : null;
}

/**
 * @param {{stream: string, seq: number, at_ms: number, tables: Record<string, Row[]>}} message
 * @returns {View}
 */
export function applySnapshot(message) {
  /** @type {Record<string, Table>} */
  const tables = {};
  for (const [name, rows] of Object.entries(message.tables)) tables[name] = withRows(NO_ROWS, name, rows);
  return { stream: message.stream, seq: message.seq, atMs: message.at_ms, tables };
}

/**
 * @param {View} view
 * @param {{after: number, seq: number, at_ms: number, set?: Record<string, Row[]>, gone?: Record<string, string[]>}} message
 * @returns {View}
 */
export function applyDelta(view, message) {
  if (message.after !== view.seq) {
    throw new Gap(`the delta follows ${message.after}, this page stands at ${view.seq}`);
  }
  const tables = { ...view.tables };
  for (const [name, keys] of Object.entries(message.gone ?? {})) {
    tables[name] = withoutKeys(tables[name] ?? NO_ROWS, keys);
  }
  for (const [name, rows] of Object.entries(message.set ?? {})) {
    tables[name] = withRows(tables[name] ?? NO_ROWS, name, rows);
  }
  return { stream: view.stream, seq: message.seq, atMs: message.at_ms, tables };
}

/**
 * @param {View} view
 * @param {string} name
 * @returns {Table}
 */
export function tableOf(view, name) {
  return view.tables[name] ?? NO_ROWS;
}

/** @param {Table} table @param {string} name @param {Row[]} rows @returns {Table} */
function withRows(table, name, rows) {
  if (!rows.length) return table;
  const next = new Map(table);
  for (const row of rows) {
    const key = rowKey(name, row);
    if (key !== null) next.set(key, row);
  }
  return next;
}

/** @param {Table} table @param {string[]} keys @returns {Table} */
function withoutKeys(table, keys) {
  if (!keys.some((key) => table.has(key))) return table;
  const next = new Map(table);
  for (const key of keys) next.delete(key);
  return next;
}
