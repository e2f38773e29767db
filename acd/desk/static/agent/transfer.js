/** Dialogs that ask where to: transfer and consult (queue, agent, number), and a return call for later. */

import { html, useEffect, useState } from "../vendor/preact.js";
import { Dialog, Press } from "../page/components.js";
import { labelText } from "../page/i18n.js";
import { Shape } from "../page/icons.js";
import { fetchJson } from "../page/session.js";
import { useStore } from "../page/store.js";
import { useTable } from "../page/views.js";
import { complaint, news, useWork } from "./desk_state.js";

/** @typedef {import("../page/tables.js").Row} Row */
/** @typedef {"queue" | "agent" | "number"} TargetKind */

const TYPING_MS = 200;

/** @param {{value: string, onChoose: (id: string) => void}} props */
function QueueTargets({ value, onChoose }) {
  const { desk, t, lang } = useWork();
  const labels = [...useTable(desk.view, "labels").values()];
  return html`<div class="targets" role="radiogroup" aria-label=${t("target_queue")}>
    ${labels.map(
      (row) => html`<label class="leaf" key=${row.queue}>
        <input type="radio" name="target" checked=${value === row.queue} onChange=${() => onChoose(row.queue)} />
        <span class="grow">${labelText(row.label, lang, row.queue)}</span>
        <span class="muted small">${row.is_open ? `${t("waiting")}: ${row.waiting}` : t("queue_closed")}</span>
      </label>`,
    )}
  </div>`;
}

/** Those whom the search finds; null while the server is asked for the first time. @param {string} search @returns {Row[] | null} */
function useColleagues(search) {
  const [found, setFound] = useState(/** @type {Row[] | null} */ (null));
  useEffect(() => {
    let isWanted = true;
    const ask = async () => {
      try {
        const { colleagues } = await fetchJson(`/api/colleagues?search=${encodeURIComponent(search)}`);
        if (isWanted) setFound(colleagues);
      } catch (problem) {
        console.warn("the colleagues could not be read", problem);
        if (isWanted) setFound([]);
      }
    };
    const timer = window.setTimeout(() => void ask(), found ? TYPING_MS : 0);
    return () => {
      isWanted = false;
      window.clearTimeout(timer);
    };
  }, [search]);
  return found;
}

/** @param {{value: string, onChoose: (id: string) => void}} props */
function AgentTargets({ value, onChoose }) {
  const { desk, t } = useWork();
  const me = [...useTable(desk.view, "me").keys()][0];
  const [search, setSearch] = useState("");
  const found = useColleagues(search)?.filter((row) => row.agent !== me);
  const state = (/** @type {Row} */ row) => (row.presence === "ready" && row.is_working ? "talking" : row.presence);
  const rank = (/** @type {Row} */ row) => ["ready", "talking", "not_ready", "signed_out"].indexOf(state(row));
  found?.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  return html`<input
      type="search"
      aria-label=${t("find_agent")}
      placeholder=${t("find_agent")}
      value=${search}
      onInput=${(/** @type {any} */ event) => setSearch(event.target.value)}
    />
    <div class="targets" role="radiogroup" aria-label=${t("target_agent")}>
      ${found && !found.length && html`<p class="empty">${t("no_targets")}</p>`}
      ${found?.map(
        (row) => html`<label class="leaf" key=${row.agent}>
          <input type="radio" name="target" checked=${value === row.agent} onChange=${() => onChoose(row.agent)} />
          <span class="grow">${row.name || row.agent} <span class="muted">${row.region}</span></span>
          <span class="badge ${state(row)}"><${Shape} state=${state(row)} />${t(state(row))}</span>
        </label>`,
      )}
    </div>`;
}

/** @param {{kinds: TargetKind[], kind: TargetKind, onKind: (kind: TargetKind) => void}} props */
function Kinds({ kinds, kind, onKind }) {
  const { t } = useWork();
  return html`<div class="switch" role="group">
    ${kinds.map(
      (one) => html`<button type="button" aria-pressed=${String(kind === one)} onClick=${() => onKind(one)}>
        ${t(`target_${one}`)}
      </button>`,
    )}
  </div>`;
}

/** @param {{contact: Row, consult: boolean, canDialOut: boolean, onClose: () => void}} props */
export function TransferDialog({ contact, consult, canDialOut, onClose }) {
  const { t, ask } = useWork();
  const kinds = /** @type {TargetKind[]} */ ([...(consult ? [] : ["queue"]), "agent", ...(canDialOut ? ["number"] : [])]);
  const [kind, setKind] = useState(kinds[0]);
  const [target, setTarget] = useState("");
  const go = async () => {
    const fields = { offer: contact.offer, [`to_${kind}`]: target };
    if (await ask(consult ? "start_consult" : "transfer_contact", fields)) onClose();
  };
  const change = (/** @type {TargetKind} */ next) => {
    setKind(next);
    setTarget("");
  };
  const buttons = html`<button type="button" onClick=${onClose}>${t("cancel")}</button>
    <${Press} class="primary" type="submit" onPress=${go} disabled=${!target}>${t(consult ? "consult" : "transfer")}<//>`;
  return html`<${Dialog} title=${t(consult ? "consult_title" : "transfer_title")} onClose=${onClose} buttons=${buttons} problem=${useStore(complaint)}>
    <${Kinds} kinds=${kinds} kind=${kind} onKind=${change} />
    ${kind === "queue" && html`<${QueueTargets} value=${target} onChoose=${setTarget} />`}
    ${kind === "agent" && html`<${AgentTargets} value=${target} onChoose=${setTarget} />`}
    ${kind === "number" &&
    html`<label class="field">
      ${t("target_number")}
      <input type="tel" value=${target} onInput=${(/** @type {any} */ event) => setTarget(event.target.value.trim())} />
    </label>`}
  <//>`;
}

/** @param {{contact: Row, onClose: () => void}} props */
export function ReturnCallDialog({ contact, onClose }) {
  const { t, ask } = useWork();
  const [number, setNumber] = useState("");
  const [toMe, setToMe] = useState(false);
  const book = async () => {
    const fields = { offer: contact.offer, number: number.trim(), to_me: toMe };
    if (!(await ask("ask_return_call", contact.ticket ? { ...fields, ticket: contact.ticket } : fields))) return;
    news.set("return_call_booked");
    onClose();
  };
  const buttons = html`<button type="button" onClick=${onClose}>${t("cancel")}</button>
    <${Press} class="primary" type="submit" onPress=${book}>${t("book")}<//>`;
  return html`<${Dialog} title=${t("return_call_title")} onClose=${onClose} buttons=${buttons} problem=${useStore(complaint)}>
    <label class="field">
      ${t("return_call_number")}
      <input type="tel" value=${number} onInput=${(/** @type {any} */ event) => setNumber(event.target.value)} />
      <span class="small muted">${t("return_call_number_hint")}</span>
    </label>
    <label class="leaf">
      <input type="checkbox" checked=${toMe} onChange=${(/** @type {any} */ event) => setToMe(event.target.checked)} />
      <span>${t("return_call_to_me")}</span>
    </label>
  <//>`;
}
