/** Everything that is known of one live contact or one queue, and why a contact stands and was offered as it was. */

import { html } from "../vendor/preact.js";
import { serverNow } from "../page/clock.js";
import { Dialog } from "../page/components.js";
import { customerName } from "../page/customers.js";
import { decisionRows } from "../page/decision.js";
import { durationText, estimateText, momentText, numberText, shareText } from "../page/format.js";
import { labelText } from "../page/i18n.js";
import { useTable } from "../page/views.js";
import { useNames } from "./cells.js";
import { headStartRows, isSpilled } from "./reasons.js";
import { useWatch } from "./watch_state.js";

/** @typedef {import("../page/tables.js").Row} Row */

/** @param {{rows: (readonly [string, any])[]}} props */
function Facts({ rows }) {
  return html`<dl class="facts">
    ${rows.filter(([, value]) => value).map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}
  </dl>`;
}

/** Why the contact is as near to the front as it is. @param {{row: Row}} props */
function Place({ row }) {
  const { t, lang, view } = useWatch();
  const names = useNames();
  const queue = useTable(view, "queues").get(row.queue);
  const parts = headStartRows(row, t, lang);
  const spills = isSpilled(row, queue);
  if (row.state !== "waiting" && row.state !== "offered") return null;
  return html`<section class="stack" data-about="place">
    <h3>${t("place")}</h3>
    <${Facts}
      rows=${[
        [t("col_position"), row.position && String(row.position)],
        [t("col_step"), String(row.step + 1)],
        [t("head_start_sum"), row.head_start_ms ? durationText(row.head_start_ms, lang) : t("none")],
        ...parts.map(([term, value]) => [`· ${term}`, value]),
        [t("refused_offers"), row.refusals && String(row.refusals)],
        [t("spill"), t(spills ? "spill_now" : "spill_none", { region: names.region(row.region) || t("no_region") })],
      ]}
    />
  </section>`;
}

/** One earlier contact in a line. @param {{visit: Row}} props */
function Visit({ visit }) {
  const { t, lang } = useWatch();
  const names = useNames();
  const said = [
    t(visit.origin === "return_call" ? "return_call" : visit.channel),
    names.queue(visit.queue),
    t(`outcome_${visit.outcome}`),
    visit.agent_name || names.agent(visit.agent ?? null),
    visit.disposition,
    visit.is_solved && t("solved"),
    visit.ticket && `${t("ticket_number")} ${visit.ticket}`,
  ];
  return html`<li>
    <span class="muted">${momentText(visit.at_ms, serverNow(), lang)}</span> · ${said.filter(Boolean).join(" · ")}
  </li>`;
}

/** @param {{repeat: Row}} props */
function Repeat({ repeat }) {
  const { t, lang } = useWatch();
  const last = {
    at_ms: repeat.last_at_ms,
    channel: repeat.last_channel,
    queue: repeat.last_queue,
    outcome: repeat.last_outcome,
    agent: repeat.last_agent,
    agent_name: repeat.last_agent_name,
    disposition: repeat.last_disposition,
  };
  const visits = repeat.visits?.length ? repeat.visits : [last];
  return html`<section class="note repeat stack" data-about="repeat">
    <h3>${t("repeat", { count: repeat.count })}</h3>
    ${repeat.is_recurring && html`<p>${t("recurring")}</p>`}
    <ul class="visits" aria-label=${t("earlier_visits")} lang=${lang === "zh" ? "zh-CN" : "en"}>
      ${visits.map((/** @type {Row} */ visit) => html`<${Visit} visit=${visit} />`)}
    </ul>
  </section>`;
}

/** @param {{row: Row, onClose: () => void}} props a contact */
export function Details({ row, onClose }) {
  const { t, lang } = useWatch();
  const names = useNames();
  const moment = (/** @type {number} */ at) => momentText(at, serverNow(), lang);
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
    <${Place} row=${row} />
    ${row.repeat && html`<${Repeat} repeat=${row.repeat} />`}
    ${row.decision && html`<section class="stack"><h3>${t("why_you")}</h3><${Facts} rows=${decisionRows(row.decision, t)} /></section>`}
  <//>`;
}

/** @param {{row: Row, onClose: () => void}} props a queue */
export function QueueDetails({ row, onClose }) {
  const { t, lang } = useWatch();
  const names = useNames();
  const name = labelText(row.label, lang, row.queue);
  const buttons = html`<button type="button" class="primary" onClick=${onClose}>${t("close")}</button>`;
  const spilled = (row.spilled ?? []).map(names.region).join(", ");
  const error = row.estimate_error_ms;
  return html`<${Dialog} title=${t("queue_details_of", { name })} onClose=${onClose} buttons=${buttons}>
    <${Facts}
      rows=${[
        [t("spill"), spilled ? t("spill_of", { regions: spilled }) : t("spill_nobody")],
        [t("borrowed_groups"), (row.borrowed ?? []).join(", ") || t("none")],
        [t("overflow_asked"), row.overflow_asked ? t("asked_and_stayed", { asked: row.overflow_asked, stayed: row.overflow_declined }) : t("none")],
        [t("estimate_error"), row.estimates ? t("estimate_error_of", { time: durationText(error ?? 0, lang), count: row.estimates }) : t("none")],
        [t("col_service_level"), shareText(row.service_level)],
        [t("refused_contacts"), numberText(row.refused, lang)],
      ]}
    />
    ${Object.keys(row.regions ?? {}).length > 0 && html`<${QueueRegions} row=${row} />`}
  <//>`;
}

/** @param {{row: Row}} props a queue */
function QueueRegions({ row }) {
  const { t } = useWatch();
  const names = useNames();
  const counts = ["waiting", "ready", "signed_in"];
  return html`<table class="small-table">
    <thead><tr><th scope="col">${t("col_region")}</th>${counts.map((key) => html`<th scope="col" class="number">${t(`col_${key}`)}</th>`)}</tr></thead>
    <tbody>
      ${Object.entries(row.regions).map(
        ([region, count]) => html`<tr data-region=${region}>
          <th scope="row">
            ${names.region(region)} ${row.spilled?.includes(region) && html`<span class="badge wrap_up">${t("spills")}</span>`}
          </th>
          ${counts.map((key) => html`<td class="number">${/** @type {any} */ (count)[key]}</td>`)}
        </tr>`,
      )}
    </tbody>
  </table>`;
}
