/** Wrap-up: the outcome from the queue's tree (required), notes, the time that is left, and more of it. */

import { html, useState } from "../vendor/preact.js";
import { Countdown, CountdownBar, Press } from "../page/components.js";
import { Icon } from "../page/icons.js";
import { useTable } from "../page/views.js";
import { draftOf, keepDraft, useWork } from "./desk_state.js";
import { dispositionText, dispositionTree, plainWord } from "./dispositions.js";

/** @typedef {import("../page/tables.js").Row} Row */

const SEARCH_FROM = 8;

/** @param {{contact: Row, dispositions: any[], chosen: string, onChoose: (path: string) => void}} props */
function Tree({ contact, dispositions, chosen, onChoose }) {
  const { t, lang } = useWork();
  const [search, setSearch] = useState("");
  const nameBranch = (/** @type {string} */ branch) => (t(`branch_${branch}`) === `branch_${branch}` ? plainWord(branch) : t(`branch_${branch}`));
  const branches = dispositionTree(dispositions, lang, search, nameBranch);
  return html`<fieldset class="tree">
    <legend>${t("disposition")}</legend>
    ${dispositions.length >= SEARCH_FROM &&
    html`<input
      type="search"
      aria-label=${t("disposition_find")}
      placeholder=${t("disposition_find")}
      value=${search}
      onInput=${(/** @type {any} */ event) => setSearch(event.target.value)}
    />`}
    <div class="branches">
      ${branches.map(
        (branch) => html`<div key=${branch.branch} role="group" aria-label=${branch.text || t("disposition")}>
          ${branch.text && html`<p class="muted small strong">${branch.text}</p>`}
          ${branch.leaves.map(
            (leaf) => html`<label class="leaf" key=${leaf.path}>
              <input
                type="radio"
                name="disposition-${contact.offer}"
                value=${leaf.path}
                checked=${chosen === leaf.path}
                onChange=${() => onChoose(leaf.path)}
              />
              <span>${leaf.text}</span>
              ${leaf.solves && html`<span class="badge ready">${t("solves")}</span>`}
            </label>`,
          )}
        </div>`,
      )}
    </div>
  </fieldset>`;
}

/** @param {{contact: Row, label: Row | undefined}} props */
function TimeLeft({ contact, label }) {
  const { t, lang } = useWork();
  if (!contact.deadline_at_ms) return html`<p class="muted">${t("wrap_up_open")}</p>`;
  const byDefault = label?.disposition_default;
  return html`<div class="stack tight">
    <p class="row spread">
      <span class="strong"><${Icon} name="clock" /> <${Countdown} until=${contact.deadline_at_ms} /></span>
    </p>
    <${CountdownBar} from=${contact.since_at_ms} until=${contact.deadline_at_ms} />
    ${byDefault &&
    html`<p class="small muted">
      ${t("wrap_up_default", { disposition: dispositionText(label.dispositions, byDefault, lang) })}
    </p>`}
  </div>`;
}

/** @param {{contact: Row}} props an assignment in wrap-up */
export function WrapUp({ contact }) {
  const { desk, t, ask } = useWork();
  const label = useTable(desk.view, "labels").get(contact.queue);
  const [draft, setDraft] = useState(draftOf(contact.offer));
  const [isMissing, setMissing] = useState(false);
  const write = (/** @type {import("./desk_state.js").Draft} */ part) => {
    setDraft({ ...draft, ...part });
    keepDraft(contact.offer, part);
    setMissing(false);
  };
  const finish = async () => {
    if (!draft.disposition && label?.dispositions.length) return setMissing(true);
    await ask("finish_wrap_up", {
      offer: contact.offer,
      disposition: draft.disposition ?? "",
      notes: (draft.notes ?? "").trim(),
    });
  };
  const why = contact.ended_why && t(`ended_${contact.ended_why}`);
  return html`<section class="wrap-up pane card" aria-label=${t("wrap_up_title")} data-wrap-up=${contact.offer}>
    <h2>${t("wrap_up_title")}</h2>
    ${why && why !== `ended_${contact.ended_why}` && html`<p class="muted">${why}</p>`}
    <${TimeLeft} contact=${contact} label=${label} />
    <${Tree}
      contact=${contact}
      dispositions=${label?.dispositions ?? []}
      chosen=${draft.disposition ?? ""}
      onChoose=${(/** @type {string} */ disposition) => write({ disposition })}
    />
    ${isMissing && html`<p class="notice alarm" role="alert">${t("disposition_required")}</p>`}
    <label class="field">
      ${t("notes")}
      <textarea
        rows="3"
        maxlength="4000"
        value=${draft.notes ?? ""}
        onInput=${(/** @type {any} */ event) => write({ notes: event.target.value })}
      ></textarea>
    </label>
    <div class="row">
      <${Press} class="primary grow" onPress=${finish}><${Icon} name="check" />${t("finish")}<//>
      ${contact.deadline_at_ms &&
      html`<${Press}
        onPress=${() => ask("ask_wrap_up", { offer: contact.offer })}
        disabled=${contact.extensions_left === 0}
      >
        <${Icon} name="clock" />${t("extend")}
      <//>`}
    </div>
  </section>`;
}
