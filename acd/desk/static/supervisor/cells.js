/** Cells that more than one table shows. */

import { html } from "../vendor/preact.js";
import { Menu } from "../page/components.js";
import { customerName } from "../page/customers.js";
import { labelText } from "../page/i18n.js";
import { Icon, Shape } from "../page/icons.js";
import { doing } from "../page/presence.js";
import { useTable } from "../page/views.js";
import { reasonText } from "../page/words.js";
import { dialog, useWatch } from "./watch_state.js";

/** @typedef {import("../page/tables.js").Row} Row */
/** @typedef {import("../page/i18n.js").Translate} Translate */

/** Names for ids, as far as this supervisor may see them. */
export function useNames() {
  const { view, lang } = useWatch();
  const tables = {
    queue: useTable(view, "queues"),
    agent: useTable(view, "agents"),
    region: useTable(view, "regions"),
    team: useTable(view, "teams"),
  };
  const named = (/** @type {"queue" | "region" | "team"} */ kind) => (/** @type {string | null} */ id) =>
    id ? labelText(tables[kind].get(id)?.label, lang, id) : "";
  return {
    queue: named("queue"),
    region: named("region"),
    team: named("team"),
    agent: (/** @type {string | null} */ id) => (id ? tables.agent.get(id)?.name || id : ""),
  };
}

/** An agent's presence in words: what they do, else what they declared and why. @param {Row} row @param {Translate} t */
export function presenceWords(row, t) {
  const state = doing(row);
  if (state === "system" || state === "not_ready") return row.reason ? reasonText(t, row.reason) : t("not_ready");
  return t(state);
}

/** @param {{row: Row}} props an agent */
export function PresenceCell({ row }) {
  const { t } = useWatch();
  const state = doing(row);
  const look = { system: "alarm", held: "wrap_up", offered: "talking" }[/** @type {string} */ (state)] ?? state;
  const notes = [
    row.set_by && row.set_by !== row.agent && t("set_by_person", { person: row.set_by }),
    row.next_presence && t("next_is", { presence: row.next_presence === "not_ready" && row.next_reason ? reasonText(t, row.next_reason) : t(row.next_presence) }),
    row.presence !== "signed_out" && !row.links.desk && t("not_reachable"),
  ].filter(Boolean);
  return html`<span class="row">
    <span class="badge ${look}" data-presence=${state} title=${state === "system" ? t("set_by_system") : null}><${Shape} state=${state} />${presenceWords(row, t)}</span>
    ${notes.length > 0 && html`<span class="muted small">${notes.join(", ")}</span>`}
  </span>`;
}

/** @param {{repeat: Row | null | undefined}} props */
export function RepeatMark({ repeat }) {
  const { t } = useWatch();
  if (!repeat) return null;
  return html`<span class="badge repeat" data-repeat=${repeat.count} title=${t("repeat", { count: repeat.count })}>
    <${Icon} name="repeat" /><span aria-hidden="true">${repeat.count}</span>
    <span class="unseen">${t("repeat", { count: repeat.count })}</span>
  </span>`;
}

/** @param {{row: Row}} props a contact */
export function CustomerCell({ row }) {
  const { t } = useWatch();
  return html`<span class="row">
    <${Icon} name=${row.channel === "chat" ? "chat" : "phone"} title=${t(row.origin === "return_call" ? "return_call" : row.channel)} />
    <span class="cut customer-name">${customerName(row, t)}</span>
    ${row.origin === "return_call" && html`<span class="badge">${t("return_call")}</span>`}
    <${RepeatMark} repeat=${row.repeat} />
  </span>`;
}

/**
 * The menu at the end of a row.
 *
 * @param {{name: string, row: Row, items: {kind: string, mode?: string, icon?: string}[]}} props `kind` names the dialog that a press opens
 */
export function RowMenu({ name, row, items }) {
  const { t } = useWatch();
  if (!items.length) return null;
  return html`<${Menu} right=${true} class="plain compact" title=${t("actions_for", { name })} label=${html`<${Icon} name="more" />`}>
    ${(/** @type {() => void} */ close) =>
      items.map(
        (item) => html`<button
          type="button"
          role="menuitem"
          data-do=${item.mode ?? item.kind}
          onClick=${() => {
            close();
            dialog.set({ kind: item.kind, row, mode: item.mode });
          }}
        >
          ${t(`do_${item.mode ?? item.kind}`)}
        </button>`,
      )}
  <//>`;
}

/** What this role may ask for, as a question. */
export function useAllowed() {
  const { desk } = useWatch();
  const actions = new Set(desk.welcome.get()?.actions ?? []);
  return (/** @type {string} */ action) => actions.has(action);
}
