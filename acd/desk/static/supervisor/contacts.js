/** The live table of contacts: those who wait, and those who are served. */

import { html, useState } from "../vendor/preact.js";
import { Elapsed } from "../page/components.js";
import { customerName } from "../page/customers.js";
import { durationText, estimateText } from "../page/format.js";
import { Icon, Shape } from "../page/icons.js";
import { useStore } from "../page/store.js";
import { useTable } from "../page/views.js";
import { CustomerCell, RowMenu, useAllowed, useNames } from "./cells.js";
import { filterContacts } from "./figures.js";
import { headStartRows } from "./reasons.js";
import { isFound } from "./sorting.js";
import { Find, LiveTable } from "./table.js";
import { filter, useWatch } from "./watch_state.js";

/** @typedef {import("../page/tables.js").Row} Row */

const STATE_RANK = ["offered", "waiting", "intake", "assigned"];
const LOOKS = /** @type {Record<string, string>} */ ({ waiting: "wrap_up", offered: "talking", assigned: "talking", intake: "" });
const SHAPES = /** @type {Record<string, string>} */ ({ waiting: "not_ready", offered: "offered", assigned: "talking", intake: "wrap_up" });

/** @param {{row: Row}} props */
function StateCell({ row }) {
  const { t } = useWatch();
  const state = row.state === "assigned" && row.assignment ? row.assignment : row.state;
  return html`<span class="badge ${state === "held" || state === "wrap_up" ? "wrap_up" : LOOKS[row.state]}" data-state=${state}>
    <${Shape} state=${state === "held" || state === "wrap_up" ? state : SHAPES[row.state]} />${t(state)}
    <${Elapsed} since=${row.since_at_ms} />
  </span>`;
}

/** Place in the line and estimated wait, as last told to the customer. @param {{row: Row}} props */
function PositionCell({ row }) {
  const { lang } = useWatch();
  const estimate = row.estimate_ms === null ? "" : estimateText(row.estimate_ms, lang);
  return html`${row.position || "–"} ${estimate && html`<span class="muted">· ${estimate}</span>`}`;
}

/** @param {{row: Row, steps: number | undefined}} props */
function StepCell({ row, steps }) {
  const { t, lang } = useWatch();
  const parts = headStartRows(row, t, lang).map(([term, value]) => `${term} ${value}`);
  const raised = row.head_start_ms > 0 && [t("head_start", { time: durationText(row.head_start_ms, lang) }), ...parts].join(" · ");
  const refused = row.refusals > 0 && t("refusals", { count: row.refusals });
  return html`<span class="row tight">
    ${steps ? t("step_of", { step: row.step + 1, steps }) : row.step + 1}
    ${raised && html`<span class="badge talking" title=${raised}><${Icon} name="raise" title=${raised} /></span>`}
    ${refused && html`<span class="badge wrap_up" title=${refused}><${Icon} name="close" title=${refused} />${row.refusals}</span>`}
  </span>`;
}

/**
 * @param {import("./watch_state.js").Watch} watch
 * @param {ReturnType<typeof useNames>} names
 * @param {import("../page/tables.js").Table} queues
 * @returns {import("./sorting.js").Column[]}
 */
function columnsOf({ t }, names, queues) {
  const isWaiting = (/** @type {Row} */ row) => row.state === "waiting" || row.state === "offered";
  return [
    { key: "customer", value: (row) => customerName(row, t), cell: (row) => html`<${CustomerCell} row=${row} />` },
    { key: "queue", value: (row) => names.queue(row.queue) },
    { key: "state", value: (row) => STATE_RANK.indexOf(row.state), cell: (row) => html`<${StateCell} row=${row} />` },
    { key: "wait", number: true, value: (row) => -row.arrived_at_ms, cell: (row) => html`<${Elapsed} since=${row.arrived_at_ms} />` },
    {
      key: "position",
      number: true,
      value: (row) => (isWaiting(row) ? row.position || null : null),
      cell: (row) => (isWaiting(row) ? html`<${PositionCell} row=${row} />` : "–"),
    },
    {
      key: "step",
      value: (row) => row.step,
      cell: (row) => html`<${StepCell} row=${row} steps=${queues.get(row.queue)?.steps} />`,
    },
    { key: "with", value: (row) => names.agent(row.agent) || null },
    { key: "region", value: (row) => names.region(row.region) || null },
  ];
}

/** @param {Row} row @param {(action: string) => boolean} may @param {boolean} canMonitor @param {string} person */
export function contactActions(row, may, canMonitor, person) {
  const inLine = row.state === "waiting";
  const isLive = row.state === "assigned" && (row.assignment === "talking" || row.assignment === "held");
  const monitoring = row.monitors?.[person];
  const modes = monitoring ? ["leave"] : ["monitor", "whisper", "barge", "take_over"];
  return [
    { kind: "details" },
    ...(inLine && may("move_contact") ? [{ kind: "move" }] : []),
    ...(inLine && may("set_head_start") ? [{ kind: "raise" }] : []),
    ...(inLine && may("give_contact") ? [{ kind: "assign" }] : []),
    ...(isLive && canMonitor && may("monitor_contact") ? modes.map((mode) => ({ kind: "monitor", mode })) : []),
    ...(may("end_contact") ? [{ kind: "end" }] : []),
  ];
}

export function Contacts() {
  const watch = useWatch();
  const { t, view, desk } = watch;
  const names = useNames();
  const may = useAllowed();
  const welcome = useStore(desk.welcome);
  const { region, team, groupBy } = useStore(filter);
  const [search, setSearch] = useState("");
  const queues = useTable(view, "queues");
  const rows = filterContacts(useTable(view, "contacts").values(), { region, team }).filter((row) =>
    isFound(search, [customerName(row, t), names.queue(row.queue), t(row.state), names.agent(row.agent), row.repeat ? t("repeat", { count: row.repeat.count }) : ""]),
  );
  const canMonitor = (/** @type {Row} */ row) => !(welcome?.cannot?.[row.adapter] ?? []).includes("monitor");
  return html`<section class="card panel">
    <div class="row spread">
      <h2>${t("contacts")} <span class="badge">${rows.length}</span></h2>
      <${Find} t=${t} value=${search} onInput=${setSearch} />
    </div>
    <${LiveTable}
      name="contacts"
      t=${t}
      columns=${columnsOf(watch, names, queues).filter((column) => column.key !== groupBy)}
      rows=${rows}
      keyOf=${(/** @type {Row} */ row) => row.contact}
      order=${{ key: "state", descending: false }}
      groupOf=${groupBy === "region" ? (/** @type {Row} */ row) => names.region(row.region) || t("no_region") : null}
      actions=${(/** @type {Row} */ row) =>
        html`<${RowMenu}
          name=${customerName(row, t)}
          row=${row}
          items=${contactActions(row, may, canMonitor(row), welcome?.person.person ?? "")}
        />`}
      empty=${t("no_contacts")}
    />
  </section>`;
}
