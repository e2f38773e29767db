/** Tickets and return calls of the agent's queues, with their details. */

import { html, useState } from "../vendor/preact.js";
import { serverNow, useNow } from "../page/clock.js";
import { Elapsed } from "../page/components.js";
import { momentText } from "../page/format.js";
import { labelText } from "../page/i18n.js";
import { Icon } from "../page/icons.js";
import { useTable } from "../page/views.js";
import { categoryText } from "../page/words.js";
import { Facts } from "./customer_notes.js";
import { useWork } from "./desk_state.js";

/** @typedef {import("../page/tables.js").Row} Row */

/** A code of the server in our words where we have them. @param {import("../page/i18n.js").Translate} t @param {string} prefix @param {string} code */
function coded(t, prefix, code) {
  const key = `${prefix}_${code}`;
  return t(key) === key ? code : t(key);
}

/** @param {{ticket: Row}} props */
function Ticket({ ticket }) {
  const { desk, t, lang } = useWork();
  const label = useTable(desk.view, "labels").get(ticket.queue)?.label;
  const now = useNow();
  const moment = (/** @type {number | null} */ at) => at && momentText(at, now, lang);
  const isOverdue = ticket.due_at_ms && ticket.due_at_ms < now && !ticket.closed_at_ms;
  return html`<li>
    <details class="shelf-row" data-ticket=${ticket.ticket}>
      <summary>
        <span class="row spread">
          <span class="strong cut"><${Icon} name="ticket" /> ${ticket.ticket}</span>
          <span class="row">
            ${isOverdue && html`<span class="badge alarm"><${Icon} name="warning" />${t("overdue")}</span>`}
            ${ticket.return_call &&
            html`<span class="badge talking"><${Icon} name="phone" />${coded(t, "rc", ticket.return_call)}</span>`}
            <span class="badge">${coded(t, "ticket", ticket.state)}</span>
          </span>
        </span>
        <span class="row spread">
          <span class="muted cut">${ticket.words || categoryText(t, ticket.category) || ticket.customer || ticket.number}</span>
          <span class="muted small">${moment(ticket.opened_at_ms)}</span>
        </span>
      </summary>
      <${Facts}
        rows=${[
          [t("customer"), ticket.customer],
          [t("number"), ticket.number],
          [t("category"), categoryText(t, ticket.category)],
          [t("words"), ticket.words],
          [t("recording"), ticket.recording && t("recording_kept", { name: ticket.recording })],
          [t("queue"), labelText(label, lang, ticket.queue)],
          [t("owner"), ticket.owner],
          [t("opened"), moment(ticket.opened_at_ms)],
          [t("due"), moment(ticket.due_at_ms)],
          [t("disposition"), ticket.disposition],
          [t("notes"), ticket.notes],
        ]}
      />
    </details>
  </li>`;
}

/** @param {{call: Row}} props */
function ReturnCall({ call }) {
  const { desk, t, lang } = useWork();
  const label = useTable(desk.view, "labels").get(call.queue)?.label;
  const ticket = useTable(desk.view, "tickets").get(call.ticket);
  const later = call.not_before_at_ms && call.not_before_at_ms > serverNow();
  return html`<li>
    <details class="shelf-row" data-return-call=${call.contact}>
      <summary>
        <span class="row spread">
          <span class="strong cut"><${Icon} name="phone" /> ${call.display || call.number}</span>
          <span class="badge ${call.state === "waiting" ? "" : "talking"}">${coded(t, "rc", call.state)}</span>
        </span>
        <span class="row spread">
          <span class="muted cut">${labelText(label, lang, call.queue)}</span>
          <span class="muted small">
            ${later ? `${t("not_before")} ${momentText(call.not_before_at_ms, serverNow(), lang)}` : html`<${Elapsed} since=${call.arrived_at_ms} />`}
          </span>
        </span>
      </summary>
      <${Facts}
        rows=${[
          [t("number"), call.number],
          [t("since"), momentText(call.arrived_at_ms, serverNow(), lang)],
          [t("tries"), call.tries ? String(call.tries) : ""],
          [t("owner"), call.owner],
          [t("ticket_number", { number: "" }).trim(), call.ticket],
          [t("category"), categoryText(t, ticket?.category)],
          [t("words"), ticket?.words],
        ]}
      />
    </details>
  </li>`;
}

export function Shelf() {
  const { desk, t } = useWork();
  const [tab, setTab] = useState("tickets");
  const tickets = [...useTable(desk.view, "tickets").values()].sort((a, b) => b.opened_at_ms - a.opened_at_ms);
  const calls = [...useTable(desk.view, "return_calls").values()].sort((a, b) => a.arrived_at_ms - b.arrived_at_ms);
  const tabs = /** @type {const} */ ([
    ["tickets", tickets.length],
    ["return_calls", calls.length],
  ]);
  return html`<section class="pane shelf card">
    <div class="switch wide" role="tablist">
      ${tabs.map(
        ([name, count]) => html`<button
          type="button"
          role="tab"
          id="tab-${name}"
          aria-selected=${String(tab === name)}
          aria-pressed=${String(tab === name)}
          aria-controls="shelf"
          onClick=${() => setTab(name)}
        >
          ${t(name)} <b>${count}</b>
        </button>`,
      )}
    </div>
    <ul id="shelf" role="tabpanel" aria-labelledby="tab-${tab}">
      ${tab === "tickets" && !tickets.length && html`<li class="empty">${t("no_tickets")}</li>`}
      ${tab === "tickets" && tickets.map((ticket) => html`<${Ticket} key=${ticket.ticket} ticket=${ticket} />`)}
      ${tab === "return_calls" && !calls.length && html`<li class="empty">${t("no_return_calls")}</li>`}
      ${tab === "return_calls" && calls.map((call) => html`<${ReturnCall} key=${call.contact} call=${call} />`)}
    </ul>
  </section>`;
}
