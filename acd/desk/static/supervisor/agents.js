/** The live table of agents. */

import { html, useState } from "../vendor/preact.js";
import { Elapsed } from "../page/components.js";
import { customerName } from "../page/customers.js";
import { Icon } from "../page/icons.js";
import { doing, sinceOf } from "../page/presence.js";
import { useStore } from "../page/store.js";
import { useTable } from "../page/views.js";
import { PresenceCell, presenceWords, RowMenu, useAllowed, useNames } from "./cells.js";
import { filterAgents } from "./figures.js";
import { isFound } from "./sorting.js";
import { Find, LiveTable } from "./table.js";
import { filter, useWatch } from "./watch_state.js";

/** @typedef {import("../page/tables.js").Row} Row */

/** Sorting by presence puts those first whom a supervisor looks for. */
const STATE_RANK = ["system", "ready", "offered", "talking", "held", "wrap_up", "not_ready", "signed_out"];

const WORK_SHOWN = 2;

/** @param {{row: Row}} props */
function WorkCell({ row }) {
  const { t, view } = useWatch();
  const contacts = useTable(view, "contacts");
  const names = useNames();
  if (!row.work.length) return html`<span class="muted">–</span>`;
  return html`<span class="row">
    ${row.work.slice(0, WORK_SHOWN).map((/** @type {Row} */ work) => {
      const contact = contacts.get(work.contact);
      return html`<span class="row work" key=${work.offer} title="${t(work.state)} · ${names.queue(work.queue)}">
        <${Icon} name=${work.channel === "chat" ? "chat" : "phone"} title=${t(work.channel)} />
        <span class="cut">${contact ? customerName(contact, t) : names.queue(work.queue)}</span>
      </span>`;
    })}
    ${row.work.length > WORK_SHOWN && html`<span class="badge">+${row.work.length - WORK_SHOWN}</span>`}
  </span>`;
}

/** @param {import("./watch_state.js").Watch} watch @param {ReturnType<typeof useNames>} names @returns {import("./sorting.js").Column[]} */
function columnsOf({ t }, names) {
  return [
    { key: "agent", value: (row) => row.name || row.agent, cell: (row) => html`<span class="strong">${row.name || row.agent}</span>` },
    {
      key: "presence",
      value: (row) => `${STATE_RANK.indexOf(doing(row))} ${presenceWords(row, t)}`,
      cell: (row) => html`<${PresenceCell} row=${row} />`,
    },
    {
      key: "time",
      number: true,
      value: (row) => (row.presence === "signed_out" ? null : -sinceOf(row)),
      cell: (row) => (row.presence === "signed_out" ? "–" : html`<${Elapsed} since=${sinceOf(row)} />`),
    },
    { key: "work", value: (row) => row.work.length || null, cell: (row) => html`<${WorkCell} row=${row} />` },
    { key: "region", value: (row) => names.region(row.region) },
    { key: "team", value: (row) => names.team(row.team) },
    { key: "handled", number: true, value: (row) => row.figures.done },
    { key: "missed", number: true, value: (row) => row.figures.no_answer },
  ];
}

export function Agents() {
  const watch = useWatch();
  const { t, view } = watch;
  const names = useNames();
  const may = useAllowed();
  const chosen = useStore(filter);
  const [search, setSearch] = useState("");
  const rows = filterAgents(useTable(view, "agents").values(), chosen).filter((row) =>
    isFound(search, [row.name, row.agent, presenceWords(row, t), names.region(row.region), names.team(row.team)]),
  );
  const items = (/** @type {Row} */ row) => [
    ...(may("force_presence") && row.presence !== "ready" && row.presence !== "signed_out" ? [{ kind: "force_ready" }] : []),
    ...(may("force_presence") && row.presence !== "signed_out" ? [{ kind: "force_not_ready" }, { kind: "force_signed_out" }] : []),
    ...(may("change_agent") ? [{ kind: "change_agent" }] : []),
  ];
  const group = chosen.groupBy;
  return html`<section class="card panel">
    <div class="row spread">
      <h2>${t("agents")} <span class="badge">${rows.length}</span></h2>
      <${Find} t=${t} value=${search} onInput=${setSearch} />
    </div>
    <${LiveTable}
      name="agents"
      t=${t}
      columns=${columnsOf(watch, names).filter((column) => column.key !== group)}
      rows=${rows}
      keyOf=${(/** @type {Row} */ row) => row.agent}
      order=${{ key: "presence", descending: false }}
      groupOf=${group && ((/** @type {Row} */ row) => names[group](row[group]) || t(`no_${group}`))}
      levelOf=${(/** @type {Row} */ row) => (doing(row) === "system" ? "alarm" : "")}
      actions=${(/** @type {Row} */ row) => html`<${RowMenu} name=${row.name || row.agent} row=${row} items=${items(row)} />`}
      empty=${t("no_agents")}
    />
  </section>`;
}
