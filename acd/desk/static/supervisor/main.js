/** The supervisor's page: live tables of queues, contacts and agents. It shows and asks; it decides nothing. */

import { html, useMemo } from "../vendor/preact.js";
import { BrandMark, LanguageSwitch, Menu, Notice } from "../page/components.js";
import { Icon } from "../page/icons.js";
import { openDesk } from "../page/opening.js";
import { session, signOut } from "../page/session.js";
import { ConnectionMark, ConnectionStrip } from "../page/sign_in.js";
import { useStore } from "../page/store.js";
import { calm } from "../page/views.js";
import { refusalText } from "../page/words.js";
import { Agents } from "./agents.js";
import { Contacts } from "./contacts.js";
import { Day } from "./day.js";
import { OpenDialog } from "./dialogs.js";
import { TEXTS } from "./i18n.js";
import { Alerts, Filters, Overview } from "./overview.js";
import { Queues } from "./queues.js";
import { complaint, dialog, shownPart, WatchContext } from "./watch_state.js";

/** Tables turn at most this often: more cannot be read. */
const TURN_MS = 300;

/** @typedef {import("../page/i18n.js").Translate} Translate */
/** @typedef {import("../page/i18n.js").Language} Language */
/** @typedef {import("../page/desk.js").Desk} Desk */

/** What is shown: the live tables, or a day by quarter of an hour. @param {{t: Translate}} props */
function Parts({ t }) {
  const part = useStore(shownPart);
  const parts = /** @type {const} */ (["live", "figures"]);
  return html`<div class="switch" role="group" aria-label=${t("parts")}>
    ${parts.map(
      (name) => html`<button type="button" data-part=${name} aria-pressed=${String(part === name)} onClick=${() => shownPart.set(name)}>
        ${t(`part_${name}`)}
      </button>`,
    )}
  </div>`;
}

/** @param {{desk: Desk, t: Translate, lang: Language}} props */
function TopBar({ desk, t, lang }) {
  const person = useStore(session)?.person;
  const part = useStore(shownPart);
  const leave = () => {
    desk.close();
    return signOut();
  };
  return html`<header class="topbar">
    <${BrandMark} name=${t("product")} />
    <${ConnectionMark} desk=${desk} t=${t} lang=${lang} />
    <${Parts} t=${t} />
    <span class="grow"></span>
    ${part === "live" && html`<${Filters} />`}
    <${LanguageSwitch} t=${t} lang=${lang} />
    <${Menu} right=${true} class="plain" title=${person?.name} label=${html`<${Icon} name="person" /><span>${person?.name}</span>`}>
      ${() => html`<button type="button" role="menuitem" onClick=${leave}><${Icon} name="exit" />${t("sign_out")}</button>`}
    <//>
  </header>`;
}

/** @param {{t: Translate}} props */
function Complaint({ t }) {
  const wrong = useStore(complaint);
  const isInDialog = useStore(dialog) !== null;
  if (!wrong || isInDialog) return null;
  return html`<div class="notices"><${Notice} text=${wrong} t=${t} onClose=${() => complaint.set("")} /></div>`;
}

/** @param {{desk: Desk, t: Translate, lang: Language}} props */
function WatchPage({ desk, t, lang }) {
  const part = useStore(shownPart);
  const view = useMemo(() => calm(desk.view, TURN_MS), [desk]);
  const watch = useMemo(
    () => ({
      desk,
      view,
      t,
      lang,
      ask: async (/** @type {string} */ type, /** @type {Record<string, unknown>} */ fields = {}) => {
        const refusal = await desk.act(type, fields);
        complaint.set(refusal ? refusalText(t, refusal) : "");
        return !refusal;
      },
    }),
    [desk, view, lang],
  );
  return html`<${WatchContext.Provider} value=${watch}>
    <a class="skip" href="#tables">${t("skip")}</a>
    <${TopBar} desk=${desk} t=${t} lang=${lang} />
    <${ConnectionStrip} desk=${desk} t=${t} lang=${lang} />
    <main class="watch">
      ${part === "live" && html`<${Overview} />`}
      <${Alerts} />
      ${part === "live"
        ? html`<div id="tables" class="tables">
            <${Queues} />
            <${Contacts} />
            <${Agents} />
          </div>`
        : html`<div id="tables" class="tables"><${Day} /></div>`}
    </main>
    <${OpenDialog} />
    <${Complaint} t=${t} />
  <//>`;
}

openDesk("supervisor", TEXTS, WatchPage);
