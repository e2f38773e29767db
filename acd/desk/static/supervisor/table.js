/** A table that can be sorted by every column, grouped, and read at sixty rows. */

import { html, useState } from "../vendor/preact.js";
import { Icon } from "../page/icons.js";
import { keep, recall } from "../page/storage.js";
import { groupRows, pressColumn, sortRows } from "./sorting.js";

/** @typedef {import("../page/tables.js").Row} Row */
/** @typedef {import("../page/i18n.js").Translate} Translate */
/** @typedef {import("./sorting.js").Column} Column */

/** @param {{t: Translate, column: Column, order: import("./sorting.js").Order, onPress: () => void}} props */
function Head({ t, column, order, onPress }) {
  const isSorted = order.key === column.key;
  const name = t(`col_${column.key}`);
  return html`<th
    scope="col"
    class=${column.number ? "number" : null}
    aria-sort=${isSorted ? (order.descending ? "descending" : "ascending") : null}
  >
    <button type="button" title=${t("sorted_by", { column: name })} onClick=${onPress}>
      ${name}${isSorted && html`<${Icon} name=${order.descending ? "down" : "up"} />`}
    </button>
  </th>`;
}

/**
 * @param {object} props
 * @param {string} props.name the table's, for its caption and for what the browser remembers
 * @param {Translate} props.t
 * @param {Column[]} props.columns
 * @param {Row[]} props.rows
 * @param {(row: Row) => string} props.keyOf
 * @param {import("./sorting.js").Order} props.order at first
 * @param {((row: Row) => string) | null} [props.groupOf] names a row's group
 * @param {(row: Row) => "" | "warning" | "alarm"} [props.levelOf]
 * @param {(row: Row) => any} [props.actions]
 * @param {string} props.empty
 */
export function LiveTable({ name, t, columns, rows, keyOf, order: first, groupOf, levelOf, actions, empty }) {
  const [order, setOrder] = useState(recall("local", `order.${name}`) ?? first);
  const press = (/** @type {Column} */ column) => {
    const next = pressColumn(order, column);
    keep("local", `order.${name}`, next);
    setOrder(next);
  };
  const sorted = sortRows(rows, columns, order, keyOf);
  const line = (/** @type {Row} */ row) => html`<tr key=${keyOf(row)} class=${levelOf?.(row) || null} data-key=${keyOf(row)}>
    ${columns.map(
      (column) => html`<td class=${column.number ? "number" : null} data-column=${column.key}>
        ${column.cell ? column.cell(row) : column.value(row) ?? "–"}
      </td>`,
    )}
    ${actions && html`<td class="number">${actions(row)}</td>`}
  </tr>`;
  const width = columns.length + (actions ? 1 : 0);
  return html`<div class="table-frame" tabindex="0" role="region" aria-label=${t(name)}>
    <table data-table=${name}>
      <caption class="unseen">
        ${t(name)}
      </caption>
      <thead>
        <tr>
          ${columns.map(
            (column) => html`<${Head} key=${column.key} t=${t} column=${column} order=${order} onPress=${() => press(column)} />`,
          )}
          ${actions && html`<th scope="col"><span class="unseen">${t("actions")}</span></th>`}
        </tr>
      </thead>
      ${groupOf
        ? groupRows(sorted, groupOf).map(
            ({ group, rows: members }) => html`<tbody key=${group}>
              <tr class="group">
                <th scope="rowgroup" colspan=${width}>${group} <span class="muted">${members.length}</span></th>
              </tr>
              ${members.map(line)}
            </tbody>`,
          )
        : html`<tbody>
            ${sorted.map(line)}
          </tbody>`}
    </table>
    ${!rows.length && html`<p class="empty">${empty}</p>`}
  </div>`;
}

/**
 * The field over a table that narrows it to what is typed.
 * @param {{t: import("../page/i18n.js").Translate, value: string, onInput: (text: string) => void}} props
 */
export function Find({ t, value, onInput }) {
  return html`<input
    type="search"
    class="find"
    aria-label=${t("find")}
    placeholder=${t("find")}
    value=${value}
    onInput=${(/** @type {any} */ event) => onInput(event.target.value)}
  />`;
}
