/** The live table of queues. */

import { html } from "../vendor/preact.js";
import { Elapsed } from "../page/components.js";
import { durationText, estimateText, shareText } from "../page/format.js";
import { labelText } from "../page/i18n.js";
import { Icon } from "../page/icons.js";
import { doing } from "../page/presence.js";
import { useStore } from "../page/store.js";
import { useTable } from "../page/views.js";
import { RowMenu, useAllowed, useNames } from "./cells.js";
import { filterAgents, filterContacts } from "./figures.js";
import { LiveTable } from "./table.js";
import { filter, useWatch } from "./watch_state.js";

/** @typedef {import("../page/tables.js").Row} Row */

/** @param {{row: Row}} props */
function QueueName({ row }) {
  const { t, lang } = useWatch();
  const names = useNames();
  const spilled = (row.spilled ?? []).map(names.region).join(", ");
  return html`<span class="row">
    <span class="strong cut">${labelText(row.label, lang, row.queue)}</span>
    ${!row.is_open &&
    html`<span class="badge alarm">
      <${Icon} name="gate" />${row.gate_reason ? t("closed_by_hand", { reason: row.gate_reason }) : t("closed")}
    </span>`}
    ${row.borrowed.length > 0 && html`<span class="badge wrap_up">${t("borrowed", { groups: row.borrowed.join(", ") })}</span>`}
    ${spilled && html`<span class="badge wrap_up" data-spilled title=${t("spill_of", { regions: spilled })}>${t("spills_from", { regions: spilled })}</span>`}
    ${row.return_calls > 0 && html`<span class="badge">${t("return_calls_in", { count: row.return_calls })}</span>`}
  </span>`;
}

/** Live counts of one region, where a region is chosen. @param {Row} row @param {string} region @returns {Row} */
export function inRegion(row, region) {
  if (!region) return row;
  const counts = row.regions?.[region] ?? { waiting: 0, assigned: 0, signed_in: 0, ready: 0 };
  return { ...row, ...counts };
}

/**
 * What the row itself does not say yet, from the other tables: agents of the queue who are not ready, and the
 * estimate that the last in line was told.
 *
 * @param {Row} row
 * @param {Row[]} agents
 * @param {Row[]} contacts
 * @returns {Row}
 */
export function completed(row, agents, contacts) {
  const resting = () => agents.filter((one) => one.queues.includes(row.queue) && ["not_ready", "system"].includes(doing(one)));
  const told = () => contacts.filter((one) => one.queue === row.queue && one.state === "waiting").map((one) => one.estimate_ms ?? 0);
  return {
    ...row,
    not_ready: row.not_ready ?? resting().length,
    estimate_ms: row.estimate_ms === undefined ? Math.max(0, ...told()) || null : row.estimate_ms,
  };
}

/** @param {import("./watch_state.js").Watch} watch @returns {import("./sorting.js").Column[]} */
function columnsOf({ t, lang }) {
  const count = (/** @type {string} */ key) => ({ key, number: true, value: (/** @type {Row} */ row) => row[key] });
  return [
    {
      key: "queue",
      value: (row) => labelText(row.label, lang, row.queue),
      cell: (row) => html`<${QueueName} row=${row} />`,
    },
    { ...count("waiting"), cell: (row) => html`<b class=${row.waiting ? "hot" : ""}>${row.waiting}</b>` },
    {
      key: "longest",
      number: true,
      value: (row) => row.longest_arrived_at_ms && -row.longest_arrived_at_ms,
      cell: (row) => (row.longest_arrived_at_ms ? html`<${Elapsed} since=${row.longest_arrived_at_ms} />` : "–"),
    },
    {
      key: "estimate",
      number: true,
      value: (row) => row.estimate_ms,
      cell: (row) => (row.estimate_ms === null || row.estimate_ms === undefined ? "–" : estimateText(row.estimate_ms, lang)),
    },
    count("ready"),
    count("working"),
    count("wrap_up"),
    count("not_ready"),
    count("signed_in"),
    {
      key: "service_level",
      number: true,
      value: (row) => row.service_level,
      cell: (row) =>
        html`<span title=${t("rule_name", { time: durationText(row.threshold_ms, lang) })}>${shareText(row.service_level)}</span>`,
    },
    count("answered"),
    count("abandoned"),
    count("overflowed"),
  ];
}

export function Queues() {
  const watch = useWatch();
  const { t, lang, view } = watch;
  const chosen = useStore(filter);
  const may = useAllowed();
  const agents = filterAgents(useTable(view, "agents").values(), chosen);
  const contacts = filterContacts(useTable(view, "contacts").values(), chosen);
  const rows = [...useTable(view, "queues").values()].map((row) => completed(inRegion(row, chosen.region), agents, contacts));
  const items = (/** @type {Row} */ row) => [
    { kind: "queue_details" },
    ...(may("turn_queue") ? [{ kind: row.gate_reason || !row.is_open ? "open_queue" : "close_queue" }] : []),
  ];
  return html`<section class="card panel">
    <h2>${t("queues")} <span class="badge">${rows.length}</span></h2>
    <${LiveTable}
      name="queues"
      t=${t}
      columns=${columnsOf(watch)}
      rows=${rows}
      keyOf=${(/** @type {Row} */ row) => row.queue}
      order=${{ key: "waiting", descending: true }}
      levelOf=${(/** @type {Row} */ row) => (row.is_open && row.waiting && !row.ready ? "warning" : "")}
      actions=${(/** @type {Row} */ row) =>
        html`<${RowMenu} name=${labelText(row.label, lang, row.queue)} row=${row} items=${items(row)} />`}
      empty=${t("no_queues")}
    />
  </section>`;
}
