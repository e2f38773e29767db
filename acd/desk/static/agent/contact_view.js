/** The middle of the page: the contact that is looked at, what can be done with it, and what is said in it. */

import { html, useState } from "../vendor/preact.js";
import { Countdown, Elapsed, Press } from "../page/components.js";
import { customerName, customerNumbers } from "../page/customers.js";
import { labelText } from "../page/i18n.js";
import { Icon, Shape } from "../page/icons.js";
import { useStore } from "../page/store.js";
import { useTable } from "../page/views.js";
import { Chat } from "./chat.js";
import { complaint, useWork } from "./desk_state.js";
import { ReturnCallDialog, TransferDialog } from "./transfer.js";

/** @typedef {import("../page/tables.js").Row} Row */

/** What this role may ask for and this channel can do. @param {Row} contact */
function useAbilities(contact) {
  const { desk } = useWork();
  const welcome = useStore(desk.welcome);
  const cannot = new Set(welcome?.cannot?.[contact.adapter] ?? []);
  const actions = new Set(welcome?.actions ?? []);
  return (/** @type {string} */ action, /** @type {string} */ ability) => actions.has(action) && !cannot.has(ability);
}

/** @param {{contact: Row}} props */
function ConsultBar({ contact }) {
  const { t, ask } = useWork();
  const { consult, offer } = contact;
  const who = consult.to_number || consult.to_agent;
  const complete = (/** @type {boolean} */ conference) => ask("complete_consult", { offer, conference });
  return html`<div class="notice info consult" role="status">
    <${Icon} name="people" />
    <span class="grow">
      ${t("consulting", { who })} <b>${t(consult.is_answered ? "consult_answered" : "consult_ringing")}</b>
    </span>
    <${Press} class="compact" onPress=${() => ask("end_consult", { offer })}>${t("consult_back")}<//>
    <${Press} class="compact" disabled=${!consult.is_answered} onPress=${() => complete(true)}>${t("consult_all")}<//>
    <${Press} class="compact primary" disabled=${!consult.is_answered} onPress=${() => complete(false)}>
      ${t("consult_hand_over")}
    <//>
  </div>`;
}

/** @param {{contact: Row}} props */
function Controls({ contact }) {
  const { desk, t, ask } = useWork();
  const can = useAbilities(contact);
  const label = useTable(desk.view, "labels").get(contact.queue);
  const [dialog, setDialog] = useState("");
  const { offer } = contact;
  const isHeld = contact.state === "held";
  const close = () => {
    setDialog("");
    complaint.set("");
  };
  const hint = (/** @type {boolean} */ possible) => (possible ? undefined : t("not_possible"));
  const [canHold, canConsult] = [can("hold_contact", "hold"), can("start_consult", "consult")];
  const canTransfer = can("transfer_contact", "transfer");
  return html`<div class="row wrap controls">
    <${Press}
      onPress=${() => ask("hold_contact", { offer, is_held: !isHeld })}
      disabled=${!canHold || Boolean(contact.consult)}
      title=${hint(canHold)}
    >
      <${Icon} name=${isHeld ? "play" : "hold"} />${t(isHeld ? "retrieve" : "hold")}
    <//>
    <button type="button" disabled=${!canTransfer} title=${hint(canTransfer)} onClick=${() => setDialog("transfer")}>
      <${Icon} name="transfer" />${t("transfer")}
    </button>
    <button
      type="button"
      disabled=${!canConsult || Boolean(contact.consult)}
      title=${hint(canConsult)}
      onClick=${() => setDialog("consult")}
    >
      <${Icon} name="people" />${t("consult")}
    </button>
    <button type="button" onClick=${() => setDialog("return_call")}>
      <${Icon} name="phone" />${t("book_return_call")}
    </button>
    ${label?.wrap_up === "on_request" &&
    html`<${Press} disabled=${contact.wrap_up_wanted} onPress=${() => ask("ask_wrap_up", { offer })}>
      <${Icon} name="clock" />${t(contact.wrap_up_wanted ? "wrap_up_wanted" : "want_wrap_up")}
    <//>`}
    <span class="grow"></span>
    <${Press} class="danger" onPress=${() => ask("end_talk", { offer })}><${Icon} name="hangup" />${t("end")}<//>
    ${(dialog === "transfer" || dialog === "consult") &&
    html`<${TransferDialog}
      contact=${contact}
      consult=${dialog === "consult"}
      canDialOut=${contact.channel === "voice" && can("transfer_contact", "transfer_out")}
      onClose=${close}
    />`}
    ${dialog === "return_call" && html`<${ReturnCallDialog} contact=${contact} onClose=${close} />`}
  </div>`;
}

/** @param {{contact: Row}} props */
function Head({ contact }) {
  const { desk, t, lang } = useWork();
  const label = useTable(desk.view, "labels").get(contact.queue)?.label;
  const isWrapUp = contact.state === "wrap_up";
  const counts = isWrapUp && contact.deadline_at_ms;
  return html`<header class="row spread contact-head">
    <div class="grow">
      <h1 class="cut">${customerName(contact, t)}</h1>
      <p class="muted cut">
        ${[t(contact.origin === "return_call" ? "return_call" : contact.channel), labelText(label, lang, contact.queue), ...customerNumbers(contact, t)].join(" · ")}
      </p>
    </div>
    <p class="badge big ${contact.state === "held" ? "wrap_up" : contact.state}">
      <${Shape} state=${contact.state === "connecting" ? "offered" : contact.state} />${t(contact.state)}
      <b>${counts ? html`<${Countdown} until=${contact.deadline_at_ms} />` : html`<${Elapsed} since=${contact.since_at_ms} />`}</b>
    </p>
  </header>`;
}

/** A call has no text: show its state large and calm. @param {{contact: Row}} props */
function Call({ contact }) {
  const { t } = useWork();
  const why = t(`ended_${contact.ended_why || "agent"}`);
  return html`<div class="call">
    <${Icon} name=${contact.state === "held" ? "hold" : "phone"} />
    <p class="large"><${Elapsed} since=${contact.connected_at_ms ?? contact.since_at_ms} /></p>
    <p class="muted">${contact.state === "wrap_up" ? why : t(`call_${contact.state}`)}</p>
  </div>`;
}

/** @param {{contact: Row}} props an assignment */
export function ContactView({ contact }) {
  const { t } = useWork();
  const isLive = contact.state === "talking" || contact.state === "held";
  return html`<section class="contact card" aria-label=${customerName(contact, t)} data-contact=${contact.contact}>
    <${Head} contact=${contact} />
    ${contact.monitors.map(
      (/** @type {string} */ mode) => html`<p class="notice warning" role="status">
        <${Icon} name="people" />${t("listening", { mode: t(`mode_${mode}`) })}
      </p>`,
    )}
    ${contact.consult && html`<${ConsultBar} contact=${contact} />`}
    ${contact.is_conference && html`<p class="badge talking">${t("conference")}</p>`}
    ${isLive && html`<${Controls} contact=${contact} />`}
    ${contact.channel === "chat" ? html`<${Chat} contact=${contact} />` : html`<${Call} contact=${contact} />`}
  </section>`;
}

/** The middle while nothing is in hand. @param {{me: Row}} props */
export function Idle({ me }) {
  const { desk, t, lang } = useWork();
  const labels = [...useTable(desk.view, "labels").values()].filter((row) => me.queues.includes(row.queue));
  const isReady = me.presence === "ready";
  const kind = isReady ? "ready" : me.presence === "signed_out" ? "out" : "rest";
  return html`<section class="contact idle">
    <div class="idle-sign ${isReady ? "ready" : ""}"><${Shape} state=${isReady ? "ready" : "not_ready"} /></div>
    <h1>${t(`idle_${kind}`)}</h1>
    <p class="muted">${t(`idle_${kind}_text`)}</p>
    ${labels.length > 0 &&
    html`<div class="waiting-queues">
      <h3 class="muted">${t("my_queues")}</h3>
      <ul>
        ${labels.map(
          (row) => html`<li key=${row.queue} data-queue=${row.queue}>
            <span>${labelText(row.label, lang, row.queue)}</span>
            <b>${row.is_open ? row.waiting : t("queue_closed")}</b>
          </li>`,
        )}
      </ul>
    </div>`}
  </section>`;
}
