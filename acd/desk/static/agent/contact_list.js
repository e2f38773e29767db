/** The left side: the contacts in hand, each with its state, timer, and for chats how long the customer waits. */

import { html, useEffect } from "../vendor/preact.js";
import { useNow } from "../page/clock.js";
import { Countdown, Elapsed } from "../page/components.js";
import { customerName } from "../page/customers.js";
import { clockText, numberText } from "../page/format.js";
import { labelText } from "../page/i18n.js";
import { Icon, Shape } from "../page/icons.js";
import { useStore } from "../page/store.js";
import { useArrivals, useTable } from "../page/views.js";
import { draftOf, pruneDrafts, selected, useWork } from "./desk_state.js";
import { chooseSelected, linesOf, replyState, replyUrgency, sortWork } from "./work_list.js";

/** @typedef {import("../page/tables.js").Row} Row */

/** @param {{row: Row}} props seconds since the customer's last unanswered message */
function ReplyDue({ row }) {
  const { desk, t } = useWork();
  const lines = linesOf(useTable(desk.view, "chat_messages"), row.contact);
  const isShown = useStore(selected) === row.offer;
  const { unread, unansweredSince } = replyState(lines, draftOf(row.offer).seen ?? 0);
  const urgency = replyUrgency(unansweredSince, useNow());
  if (row.state === "wrap_up" || (unansweredSince === null && !unread)) return null;
  return html`<p class="row small">
    ${unread > 0 && !isShown && html`<span class="badge talking">${t("unread", { count: unread })}</span>`}
    ${unansweredSince !== null &&
    html`<span class="due ${urgency}" title=${t("reply_due")}>
      <${Icon} name="clock" /><${Elapsed} since=${unansweredSince} /><span class="unseen">${t("reply_due")}</span>
    </span>`}
  </p>`;
}

/** @param {{row: Row}} props */
function ContactCard({ row }) {
  const { desk, t, lang } = useWork();
  const isShown = useStore(selected) === row.offer;
  const label = useTable(desk.view, "labels").get(row.queue)?.label;
  const counts = row.state === "wrap_up" && row.deadline_at_ms;
  return html`<li>
    <button
      type="button"
      class="contact-card"
      aria-current=${isShown ? "true" : null}
      data-offer=${row.offer}
      data-state=${row.state}
      onClick=${() => selected.set(row.offer)}
    >
      <span class="row spread">
        <span class="row grow"
          ><${Icon} name=${row.channel === "chat" ? "chat" : "phone"} title=${t(row.channel)} />
          <span class="strong cut">${customerName(row, t)}</span></span
        >
        ${row.repeat && html`<span class="badge repeat" title=${t("repeat", { count: row.repeat.count })}><${Icon} name="repeat" />${row.repeat.count}</span>`}
      </span>
      <span class="row spread">
        <span class="muted cut">${labelText(label, lang, row.queue)}</span>
        <span class="badge ${row.state === "held" ? "wrap_up" : row.state}">
          <${Shape} state=${row.state === "connecting" ? "offered" : row.state} />
          ${t(row.state)} ${counts ? html`<${Countdown} until=${row.deadline_at_ms} />` : html`<${Elapsed} since=${row.since_at_ms} />`}
        </span>
      </span>
      ${row.channel === "chat" && html`<${ReplyDue} row=${row} />`}
    </button>
  </li>`;
}

/** @param {{me: Row | undefined}} props */
function DayFigures({ me }) {
  const { t, lang } = useWork();
  const figures = me?.figures;
  if (!figures) return null;
  const handled = figures.talk_ms + figures.hold_ms + figures.wrap_up_ms;
  const rows = /** @type {const} */ ([
    ["fig_answered", numberText(figures.answered, lang)],
    ["fig_handle", figures.done ? clockText(handled / figures.done) : "–"],
    ["fig_no_answer", numberText(figures.no_answer, lang)],
    ["fig_declined", numberText(figures.declined, lang)],
  ]);
  return html`<section class="today" aria-label=${t("today")}>
    <h3 class="muted">${t("today")}</h3>
    <dl>${rows.map(([key, value]) => html`<div><dt>${t(key)}</dt><dd>${value}</dd></div>`)}</dl>
  </section>`;
}

/** @param {{me: Row | undefined}} props */
export function ContactList({ me }) {
  const { desk, t } = useWork();
  const assignments = useTable(desk.view, "assignments");
  useArrivals(assignments, (row) => selected.set(row.offer));
  useEffect(() => {
    selected.set(chooseSelected(assignments, selected.get()));
    if (desk.view.get().seq) pruneDrafts(assignments.keys());
  }, [assignments]);
  const work = sortWork(assignments);
  return html`<nav class="side" aria-label=${t("contacts")}>
    <h2>${t("contacts")} ${work.length > 0 && html`<span class="badge">${work.length}</span>`}</h2>
    ${work.length
      ? html`<ul class="cards">${work.map((row) => html`<${ContactCard} key=${row.offer} row=${row} />`)}</ul>`
      : html`<p class="empty">${t("no_contacts")}</p>`}
    <span class="grow"></span>
    <${DayFigures} me=${me} />
  </nav>`;
}
