/** Sorting and grouping of the live tables. Pure: rows in, rows out, every tie broken by the row's key. */

/** @typedef {import("../page/tables.js").Row} Row */
/**
 * @typedef {object} Column
 * @property {string} key
 * @property {(row: Row) => string | number | null | undefined} value what it is sorted by
 * @property {(row: Row) => any} [cell] what is shown, if not the value
 * @property {boolean} [number] right-aligned, and sorted with the greatest first at the first press
 */
/** @typedef {{key: string, descending: boolean}} Order */

/**
 * @param {string | number | null | undefined} a
 * @param {string | number | null | undefined} b
 */
export function compareValues(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true, sensitivity: "base" });
}

/** @param {string | number | null | undefined} value */
function isNothing(value) {
  return value === null || value === undefined || value === "";
}

/**
 * @param {readonly Row[]} rows
 * @param {readonly Column[]} columns
 * @param {Order} order
 * @param {(row: Row) => string} keyOf
 * @returns {Row[]} rows without a value stand last, whichever way it is sorted
 */
export function sortRows(rows, columns, order, keyOf) {
  const column = columns.find((one) => one.key === order.key) ?? columns[0];
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    if (isNothing(x) !== isNothing(y)) return isNothing(x) ? 1 : -1;
    return (isNothing(x) ? 0 : sign * compareValues(x, y)) || compareValues(keyOf(a), keyOf(b));
  });
}

/**
 * What a press on a column's head leads to: its natural way first, then the other way round.
 *
 * @param {Order} order
 * @param {Column} column
 * @returns {Order}
 */
export function pressColumn(order, column) {
  if (order.key === column.key) return { key: column.key, descending: !order.descending };
  return { key: column.key, descending: Boolean(column.number) };
}

/**
 * @param {readonly Row[]} rows sorted
 * @param {(row: Row) => string} groupOf
 * @returns {{group: string, rows: Row[]}[]} groups by name, rows in the order given
 */
export function groupRows(rows, groupOf) {
  /** @type {Map<string, Row[]>} */
  const groups = new Map();
  for (const row of rows) {
    const name = groupOf(row);
    const found = groups.get(name);
    if (found) found.push(row);
    else groups.set(name, [row]);
  }
  return [...groups].map(([group, members]) => ({ group, rows: members })).sort((a, b) => compareValues(a.group, b.group));
}

/**
 * Whether all words of a search stand somewhere in the texts of a row.
 *
 * @param {string} search
 * @param {(string | null | undefined)[]} texts
 */
export function isFound(search, texts) {
  const all = texts.filter(Boolean).join(" ").toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
