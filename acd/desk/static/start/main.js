/** The start page: what is here. */

import { html, render, useEffect } from "../vendor/preact.js";
import { BrandMark, LanguageSwitch } from "../page/components.js";
import { markDocument, useTexts } from "../page/i18n.js";
import { Icon } from "../page/icons.js";
import { TEXTS } from "./i18n.js";

const PAGES = /** @type {const} */ ([
  ["agent", "person", "/agent"],
  ["supervisor", "people", "/supervisor"],
  ["customer", "chat", "/chat"],
]);
const LINKS = /** @type {const} */ ([
  ["api", "/openapi.yaml"],
  ["metrics", "/metrics"],
  ["health", "/healthz"],
  ["ready", "/readyz"],
]);

function Page() {
  const { t, lang } = useTexts(TEXTS);
  useEffect(() => markDocument(t, lang), [lang]);
  return html`<header class="topbar">
      <${BrandMark} name=${t("product")} />
      <span class="grow"></span>
      <${LanguageSwitch} t=${t} lang=${lang} />
    </header>
    <main>
      <h1>${t("heading")}</h1>
      <p class="lead">${t("lead")}</p>
      <nav class="pages">
        ${PAGES.map(
          ([name, icon, href]) => html`<a class="card" href=${href} key=${name}>
            <span class="sign"><${Icon} name=${icon} /></span>
            <h2>${t(name)}</h2>
            <p class="muted">${t(`${name}_text`)}</p>
            <span class="go">${t("open")} <${Icon} name="arrow" /></span>
          </a>`,
        )}
      </nav>
      <p class="links">
        <span class="muted">${t("documents")}:</span>
        ${LINKS.map(([name, href]) => html`<a href=${href} key=${name}>${t(name)}</a>`)}
      </p>
    </main>`;
}

render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById("page")));
