/** What the pages of agents and supervisors begin with: signing in, then the desk of whoever signed in. */

import { html, render, useEffect, useMemo } from "../vendor/preact.js";
import { Desk } from "./desk.js";
import { markDocument, useTexts } from "./i18n.js";
import { session } from "./session.js";
import { SignIn } from "./sign_in.js";
import { useStore } from "./store.js";

/**
 * Draw the page into the document.
 * @param {"agent" | "supervisor"} view
 * @param {import("./i18n.js").Texts} texts
 * @param {any} Shown the page of a desk; it gets `desk`, `t` and `lang`
 */
export function openDesk(view, texts, Shown) {
  function Page() {
    const { t, lang } = useTexts(texts);
    const person = useStore(session)?.person.person;
    const desk = useMemo(() => (person ? new Desk(view) : null), [person]);
    useEffect(() => markDocument(t, lang), [lang]);
    useEffect(() => {
      desk?.open();
      return () => desk?.close();
    }, [desk]);
    if (!desk) return html`<${SignIn} t=${t} lang=${lang} caption=${t("sign_in_caption")} />`;
    return html`<${Shown} desk=${desk} t=${t} lang=${lang} />`;
  }
  render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById("page")));
}
