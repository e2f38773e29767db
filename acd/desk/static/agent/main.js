/** The agent's page. It shows what the server says and asks for what the agent presses; it decides nothing. */

import { html, useEffect, useMemo } from "../vendor/preact.js";
import { Notice } from "../page/components.js";
import { openDesk } from "../page/opening.js";
import { ConnectionStrip } from "../page/sign_in.js";
import { useStore } from "../page/store.js";
import { useTable } from "../page/views.js";
import { refusalText } from "../page/words.js";
import { ContactList } from "./contact_list.js";
import { ContactView, Idle } from "./contact_view.js";
import { CustomerPane } from "./customer_notes.js";
import { complaint, news, selected, WorkContext } from "./desk_state.js";
import { TEXTS } from "./i18n.js";
import { Offers } from "./offers.js";
import { Shelf } from "./shelf.js";
import { PresenceNotice, TopBar } from "./top_bar.js";
import { WrapUp } from "./wrap_up.js";

const NEWS_MS = 5_000;

/** @param {{t: import("../page/i18n.js").Translate}} props */
function Notices({ t }) {
  const wrong = useStore(complaint);
  const good = useStore(news);
  useEffect(() => {
    if (!good) return;
    const timer = window.setTimeout(() => news.set(""), NEWS_MS);
    return () => window.clearTimeout(timer);
  }, [good]);
  return html`<div class="notices">
    ${wrong && html`<${Notice} text=${wrong} t=${t} onClose=${() => complaint.set("")} />`}
    ${good && html`<${Notice} kind="info" text=${t(good)} t=${t} onClose=${() => news.set("")} />`}
  </div>`;
}

/** @param {{desk: import("../page/desk.js").Desk, t: import("../page/i18n.js").Translate, lang: import("../page/i18n.js").Language}} props */
function DeskPage({ desk, t, lang }) {
  const me = [...useTable(desk.view, "me").values()][0];
  const contact = useTable(desk.view, "assignments").get(String(useStore(selected)));
  const work = useMemo(
    () => ({
      desk,
      t,
      lang,
      ask: async (/** @type {string} */ type, /** @type {Record<string, unknown>} */ fields = {}) => {
        const refusal = await desk.act(type, fields);
        complaint.set(refusal ? refusalText(t, refusal) : "");
        return !refusal;
      },
    }),
    [desk, lang],
  );
  return html`<${WorkContext.Provider} value=${work}>
    <div class="desk">
      <a class="skip" href="#contact">${t("skip")}</a>
      <${TopBar} me=${me} />
      <${ConnectionStrip} desk=${desk} t=${t} lang=${lang} />
      ${me && html`<${PresenceNotice} me=${me} />`}
      <div class="columns">
        <${ContactList} me=${me} />
        <main id="contact" tabindex="-1">
          ${contact ? html`<${ContactView} key=${contact.offer} contact=${contact} />` : me && html`<${Idle} me=${me} />`}
        </main>
        <aside class="side">
          <${Offers} />
          ${contact?.state === "wrap_up" && html`<${WrapUp} key=${contact.offer} contact=${contact} />`}
          ${contact && html`<${CustomerPane} contact=${contact} />`}
          <${Shelf} />
        </aside>
      </div>
      <${Notices} t=${t} />
    </div>
  <//>`;
}

openDesk("agent", TEXTS, DeskPage);
