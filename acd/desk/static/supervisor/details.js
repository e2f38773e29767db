/** Everything that is known of one live contact, and why it was offered as it was. */

import { html } from "../vendor/preact.js";
import { serverNow } from "../page/clock.js";
import { Dialog } from "../page/components.js";
import { customerName } from "../page/customers.js";
import { decisionRows } from "../page/decision.js";
import { estimateText, momentText } from "../page/format.js";
import { useNames } from "./cells.js";
import { useWatch } from "./watch_state.js";

/** @typedef {import("../page/tables.js").Row} Row */

/** @param {{rows: (readonly [string, any])[]}} props */
function Facts({ rows }) {
  return html`<dl class="facts">
    ${rows.filter(([, value]) => value).map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}
  </dl>`;
}

/** @param {{row: Row, onClose: () => void}} props a contact */
export function Details({ row, onClose }) {
  const { t, lang } = useWatch();
  const names = useNames();
  const moment = (/** @type {number} */ at) => momentText(at, serverNow(), lang);
  const { repeat } = row;
  const buttons = html`<button type="button" class="primary" onClick=${onClose}>${t("close")}</button>`;
  return html`<${Dialog} title=${t("details_of", { name: customerName(row, t) })} onClose=${onClose} buttons=${buttons}>
    <${Facts}
      rows=${[
        [t("col_state"), t(row.assignment ?? row.state)],
        [t("col_queue"), names.queue(row.queue)],
        [t("col_with"), names.agent(row.agent)],
        [t("arrived"), moment(row.arrived_at_ms)],
        [t("estimate_told"), row.estimate_ms !== null && estimateText(row.estimate_ms, lang)],
        [t("why_here"), row.why],
        [t("language_of"), row.language && t(`lang_${row.language}`)],
        [t("col_region"), names.region(row.region)],
        [t("entry"), row.entry],
        [t("ticket_number"), row.ticket],
        [t("contact_id"), row.contact],
      ]}
    />
    ${repeat &&
    html`<div class="note repeat">
      <p class="strong">${t("repeat", { count: repeat.count })}</p>
      <${Facts}
        rows=${[
          [t("repeat_last"), `${moment(repeat.last_at_ms)} · ${t(`outcome_${repeat.last_outcome}`)}`],
          [t("col_agent"), repeat.last_agent_name || repeat.last_agent],
          [t("disposition"), repeat.last_disposition],
        ]}
      />
    </div>`}
    ${row.decision && html`<h3>${t("why_you")}</h3><${Facts} rows=${decisionRows(row.decision, t)} />`}
  <//>`;
}
