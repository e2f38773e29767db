/** What is known of a customer: earlier contacts, what the bot took down, where they came in. */

import { html } from "../vendor/preact.js";
import { serverNow } from "../page/clock.js";
import { customerName, customerNumbers } from "../page/customers.js";
import { durationText, momentText } from "../page/format.js";
import { labelText } from "../page/i18n.js";
import { Icon } from "../page/icons.js";
import { useTable } from "../page/views.js";
import { categoryText } from "../page/words.js";
import { useWork } from "./desk_state.js";
import { dispositionText } from "./dispositions.js";

/** @typedef {import("../page/tables.js").Row} Row */

/** @param {{rows: (readonly [string, any])[]}} props rows without a value are left out */
export function Facts({ rows }) {
  return html`<dl class="facts">
    ${rows
      .filter(([, value]) => value !== null && value !== undefined && value !== "")
      .map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}
  </dl>`;
}

/** @param {{repeat: Row}} props */
export function RepeatNote({ repeat }) {
  const { desk, t, lang } = useWork();
  const labels = useTable(desk.view, "labels");
  const queue = labels.get(repeat.last_queue);
  const last = [
    momentText(repeat.last_at_ms, serverNow(), lang),
    t(repeat.last_channel),
    t(`outcome_${repeat.last_outcome}`),
  ].join(" · ");
  return html`<div class="note repeat" data-repeat=${repeat.count}>
    <p class="strong row"><${Icon} name="repeat" />${t("repeat", { count: repeat.count })}</p>
    <${Facts}
      rows=${[
        [t("repeat_last"), last],
        [t("repeat_agent"), repeat.last_agent_name || repeat.last_agent],
        [t("repeat_disposition"), repeat.last_disposition && dispositionText(queue?.dispositions ?? [], repeat.last_disposition, lang)],
        [t("repeat_queue"), labelText(queue?.label, lang, repeat.last_queue)],
      ]}
    />
  </div>`;
}

/** @param {{intake: Row}} props */
export function IntakeNote({ intake }) {
  const { t } = useWork();
  return html`<div class="note">
    <p class="strong row"><${Icon} name="bot" />${t("intake_title")}</p>
    <${Facts}
      rows=${[
        [t("category"), categoryText(t, intake.category)],
        [t("words"), intake.words],
        [t("recording"), intake.recording && t("recording_kept", { name: intake.recording })],
        [t("number"), intake.number],
      ]}
    />
  </div>`;
}

/** The right side of the page while a contact is in hand. @param {{contact: Row}} props an assignment */
export function CustomerPane({ contact }) {
  const { desk, t, lang } = useWork();
  const label = useTable(desk.view, "labels").get(contact.queue)?.label;
  const ticket = contact.ticket ? useTable(desk.view, "tickets").get(contact.ticket) : undefined;
  const answeredAt = contact.connected_at_ms ?? contact.since_at_ms;
  const attributes = Object.entries(contact.attributes ?? {});
  return html`<section class="pane customer card" aria-label=${t("customer")}>
    <h2>${t("customer")}</h2>
    <div>
      <p class="strong">${customerName(contact, t)}</p>
      ${customerNumbers(contact, t).map((number) => html`<p class="muted cut">${number}</p>`)}
    </div>
    ${contact.repeat && html`<${RepeatNote} repeat=${contact.repeat} />`}
    ${contact.intake && html`<${IntakeNote} intake=${contact.intake} />`}
    <${Facts}
      rows=${[
        [t("queue"), labelText(label, lang, contact.queue)],
        [t("language"), contact.language && t(`lang_${contact.language}`)],
        [t("region"), contact.region],
        [t("entry"), contact.entry],
        [t("waited_before"), durationText(answeredAt - contact.arrived_at_ms, lang)],
        [t("ticket_number", { number: "" }).trim(), contact.ticket && [contact.ticket, ticket?.words].filter(Boolean).join(": ")],
        ...attributes,
      ]}
    />
  </section>`;
}
