/** A demonstration shop's help page with the chat in its corner. */

import { html, render, useEffect } from "../vendor/preact.js";
import { BrandMark, LanguageSwitch } from "../page/components.js";
import { markDocument, useTexts } from "../page/i18n.js";
import { Icon } from "../page/icons.js";
import { Connection } from "./connection.js";
import { TEXTS } from "./i18n.js";
import { isWidgetOpen, Widget } from "./widget.js";

const TOPICS = ["delivery", "install", "repair", "return"];
const DEFAULT_ENTRY = "help";

const connection = new Connection(new URLSearchParams(location.search).get("entry") || DEFAULT_ENTRY);
if (connection.hasVisit()) {
  isWidgetOpen.set(true);
  connection.open();
}

function Page() {
  const { t, lang } = useTexts(TEXTS);
  useEffect(() => markDocument(t, lang), [lang]);
  return html`<p class="demo">${t("demo")}</p>
    <header class="topbar">
      <${BrandMark} name=${t("product")} href="/chat" />
      <span class="grow"></span>
      <${LanguageSwitch} t=${t} lang=${lang} />
    </header>
    <main>
      <section class="hero">
        <h1>${t("hello")}</h1>
        <p>${t("hello_text")}</p>
        <button type="button" class="primary" onClick=${() => isWidgetOpen.set(true)}>
          <${Icon} name="chat" />${t("chat_now")}
        </button>
      </section>
      <section class="topics">
        <h2>${t("topics")}</h2>
        ${TOPICS.map(
          (topic) => html`<details class="card" key=${topic}>
            <summary>${t(`topic_${topic}`)}<${Icon} name="down" /></summary>
            <p>${t(`topic_${topic}_text`)}</p>
          </details>`,
        )}
      </section>
    </main>
    <${Widget} connection=${connection} t=${t} lang=${lang} />`;
}

render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById("page")));
