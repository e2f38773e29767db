/** What a supervisor is about to do, said in a sentence and confirmed; one dialog for each kind of act. */

import { html, useState } from "../vendor/preact.js";
import { Dialog, Press } from "../page/components.js";
import { customerName } from "../page/customers.js";
import { durationText } from "../page/format.js";
import { labelText } from "../page/i18n.js";
import { doing } from "../page/presence.js";
import { useStore } from "../page/store.js";
import { useTable } from "../page/views.js";
import { reasonText } from "../page/words.js";
import { useNames } from "./cells.js";
import { ChangeAgent } from "./change_agent.js";
import { Details, QueueDetails } from "./details.js";
import { complaint, dialog, useWatch } from "./watch_state.js";

/** @typedef {import("../page/tables.js").Row} Row */

const RAISE_MINUTES = [1, 2, 5, 10, 30];
const close = () => {
  dialog.set(null);
  complaint.set("");
};

/**
 * The frame of all of them: a question, its fields, and a button that asks for the act.
 *
 * @param {{title: string, text: string, note?: string, act: string, fields: () => Record<string, unknown>, danger?: boolean, ok?: boolean, children?: any}} props
 */
function Confirm({ title, text, note, act, fields, danger = false, ok = true, children }) {
  const { t, ask } = useWatch();
  const go = async () => {
    if (await ask(act, fields())) close();
  };
  const buttons = html`<button type="button" onClick=${close}>${t("cancel")}</button>
    <${Press} type="submit" class=${danger ? "danger" : "primary"} disabled=${!ok} onPress=${go}>${t("confirm")}<//>`;
  return html`<${Dialog} title=${title} onClose=${close} buttons=${buttons} problem=${useStore(complaint)}>
    <p>${text}</p>
    ${note && html`<p class="notice warning">${note}</p>`} ${children}
  <//>`;
}

/** A menu's words without the dots that promise a dialog. @param {string} text */
function titleOf(text) {
  return text.replace(/…$/, "");
}

/** @param {{label: string, value: string, onChange: (value: string) => void, options: readonly (readonly [string, string])[], hint?: string}} props */
function Select({ label, value, onChange, options, hint }) {
  return html`<label class="field">
    ${label}
    <select value=${value} onChange=${(/** @type {any} */ event) => onChange(event.target.value)}>
      ${hint && html`<option value="" disabled>${hint}</option>`}
      ${options.map(([id, text]) => html`<option value=${id} selected=${id === value}>${text}</option>`)}
    </select>
  </label>`;
}

/** @param {{label: string, value: string, onChange: (value: string) => void}} props */
function Text({ label, value, onChange }) {
  return html`<label class="field">
    ${label}
    <input value=${value} maxlength="128" onInput=${(/** @type {any} */ event) => onChange(event.target.value)} />
  </label>`;
}

/** @param {{row: Row, presence: "ready" | "not_ready" | "signed_out"}} props */
function ForcePresence({ row, presence }) {
  const { t, desk } = useWatch();
  const reasons = /** @type {string[]} */ (useStore(desk.welcome)?.reasons ?? []);
  const [reason, setReason] = useState(reasons[0] ?? "");
  const name = row.name || row.agent;
  const fields = () => ({ agent: row.agent, presence, ...(presence === "not_ready" ? { reason } : {}) });
  return html`<${Confirm}
    title=${titleOf(t(`do_force_${presence}`))}
    text=${t("ask_force", { name, presence: t(presence) })}
    note=${row.work.length ? t("ask_force_busy", { name }) : ""}
    act="force_presence"
    fields=${fields}
    danger=${presence === "signed_out"}
  >
    ${presence === "not_ready" &&
    html`<${Select} label=${t("reason")} value=${reason} onChange=${setReason} options=${reasons.map((one) => [one, reasonText(t, one)])} />`}
  <//>`;
}

/** @param {{row: Row}} props */
function Move({ row }) {
  const { t, view } = useWatch();
  const names = useNames();
  const [queue, setQueue] = useState("");
  const options = [...useTable(view, "queues").keys()].filter((id) => id !== row.queue).map((id) => [id, names.queue(id)]);
  return html`<${Confirm}
    title=${titleOf(t("do_move"))}
    text=${t("ask_move", { name: customerName(row, t) })}
    act="move_contact"
    fields=${() => ({ contact: row.contact, queue })}
    ok=${Boolean(queue)}
  >
    <${Select} label=${t("col_queue")} value=${queue} onChange=${setQueue} options=${options} hint=${t("choose")} />
  <//>`;
}

/** @param {{row: Row}} props */
function Raise({ row }) {
  const { t, lang } = useWatch();
  const [minutes, setMinutes] = useState("5");
  const options = RAISE_MINUTES.map((count) => [String(count), durationText(count * 60_000, lang)]);
  return html`<${Confirm}
    title=${titleOf(t("do_raise"))}
    text=${t("ask_raise", { name: customerName(row, t) })}
    act="set_head_start"
    fields=${() => ({ contact: row.contact, head_start_ms: Number(minutes) * 60_000 })}
  >
    <${Select} label=${t("col_time")} value=${minutes} onChange=${setMinutes} options=${options} />
  <//>`;
}

/** @param {{row: Row}} props */
function Assign({ row }) {
  const { t, view } = useWatch();
  const [agent, setAgent] = useState("");
  const [force, setForce] = useState(false);
  const serves = (/** @type {Row} */ one) => (one.queues.includes(row.queue) ? 0 : 1);
  const agents = [...useTable(view, "agents").values()]
    .filter((one) => one.presence !== "signed_out")
    .sort((a, b) => Number(doing(a) !== "ready") - Number(doing(b) !== "ready") || serves(a) - serves(b) || a.name.localeCompare(b.name));
  const word = (/** @type {Row} */ one) => t(doing(one) === "system" ? "not_ready" : doing(one));
  return html`<${Confirm}
    title=${titleOf(t("do_assign"))}
    text=${t("ask_assign", { name: customerName(row, t) })}
    act="give_contact"
    fields=${() => ({ contact: row.contact, agent, force })}
    ok=${Boolean(agent)}
  >
    <${Select}
      label=${t("col_agent")}
      value=${agent}
      onChange=${setAgent}
      options=${agents.map((one) => [one.agent, `${one.name || one.agent} · ${word(one)}`])}
      hint=${t("choose")}
    />
    <label class="leaf">
      <input type="checkbox" checked=${force} onChange=${(/** @type {any} */ event) => setForce(event.target.checked)} />
      <span>${t("ask_assign_force")}</span>
    </label>
  <//>`;
}

/** @param {{row: Row}} props */
function End({ row }) {
  const { t } = useWatch();
  const [reason, setReason] = useState("");
  return html`<${Confirm}
    title=${titleOf(t("do_end"))}
    text=${t("ask_end", { name: customerName(row, t) })}
    act="end_contact"
    fields=${() => ({ contact: row.contact, reason: reason.trim() })}
    danger=${true}
  >
    <${Text} label=${t("reason_optional")} value=${reason} onChange=${setReason} />
  <//>`;
}

/** @param {{row: Row, isOpen: boolean}} props */
function TurnQueue({ row, isOpen }) {
  const { t, lang } = useWatch();
  const [reason, setReason] = useState("");
  const kind = isOpen ? "open_queue" : "close_queue";
  return html`<${Confirm}
    title=${titleOf(t(`do_${kind}`))}
    text=${t(`ask_${kind}`, { name: labelText(row.label, lang, row.queue) })}
    act="turn_queue"
    fields=${() => ({ queue: row.queue, is_open: isOpen, reason: reason.trim() })}
    danger=${!isOpen}
  >
    ${!isOpen && html`<${Text} label=${t("reason_optional")} value=${reason} onChange=${setReason} />`}
  <//>`;
}

/** @param {{row: Row, mode: string}} props */
function Monitor({ row, mode }) {
  const { t } = useWatch();
  return html`<${Confirm}
    title=${t(`do_${mode}`)}
    text=${t("ask_monitor", { mode: t(`do_${mode}`), name: customerName(row, t) })}
    act="monitor_contact"
    fields=${() => ({ offer: row.offer, mode: mode === "leave" ? null : mode })}
  />`;
}

/** The dialog that is open, if one is. */
export function OpenDialog() {
  const open = useStore(dialog);
  if (!open) return null;
  const { kind, row, mode } = open;
  if (kind === "force_ready") return html`<${ForcePresence} row=${row} presence="ready" />`;
  if (kind === "force_not_ready") return html`<${ForcePresence} row=${row} presence="not_ready" />`;
  if (kind === "force_signed_out") return html`<${ForcePresence} row=${row} presence="signed_out" />`;
  if (kind === "change_agent") return html`<${ChangeAgent} row=${row} onClose=${close} />`;
  if (kind === "move") return html`<${Move} row=${row} />`;
  if (kind === "raise") return html`<${Raise} row=${row} />`;
  if (kind === "assign") return html`<${Assign} row=${row} />`;
  if (kind === "end") return html`<${End} row=${row} />`;
  if (kind === "close_queue" || kind === "open_queue") return html`<${TurnQueue} row=${row} isOpen=${kind === "open_queue"} />`;
  if (kind === "monitor") return html`<${Monitor} row=${row} mode=${mode ?? "monitor"} />`;
  if (kind === "queue_details") return html`<${QueueDetails} row=${row} onClose=${close} />`;
  return html`<${Details} row=${row} onClose=${close} />`;
}
