/** The chat in the corner: closed, a short form, the visit, and its end with the ticket's number. */

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { Icon } from "../page/icons.js";
import { createStore, useStore } from "../page/store.js";
import { Conversation, Lines } from "./conversation.js";
import { newestLine, stageOf } from "./visit.js";

/** @typedef {import("../page/i18n.js").Translate} Translate */
/** @typedef {import("../page/i18n.js").Language} Language */
/** @typedef {import("./visit.js").Visit} Visit */
/** @typedef {import("./connection.js").Connection} Connection */

/** Whether the chat stands open; the page's own button opens it too. */
export const isWidgetOpen = createStore(false);

/** @param {{connection: Connection, t: Translate, lang: Language}} props */
function Form({ connection, t, lang }) {
  const start = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    connection.start({
      name: String(form.get("name")).trim(),
      phone: String(form.get("phone")).trim(),
      language: form.get("language") === "zh" ? "zh" : "en",
    });
  };
  const before = connection.person;
  const option = (/** @type {Language} */ value, /** @type {string} */ key) =>
    html`<option value=${value} selected=${value === lang}>${t(key)}</option>`;
  return html`<form class="start" onSubmit=${start}>
    <p>${t("form_text")}</p>
    <label class="field">
      <span>${t("your_name")}</span>
      <input name="name" maxlength="80" autocomplete="name" required defaultValue=${before?.name ?? ""} />
    </label>
    <label class="field">
      <span>${t("your_phone")} <span class="muted small">(${t("optional")})</span></span>
      <input
        name="phone"
        type="tel"
        maxlength="40"
        pattern="[0-9+\\(\\)\\s\\-]*"
        autocomplete="tel"
        defaultValue=${before?.phone ?? ""}
      />
      <span class="small muted">${t("phone_hint")}</span>
    </label>
    <label class="field">
      <span>${t("chat_language")}</span>
      <select name="language" key=${lang}>
        ${option("en", "english")} ${option("zh", "chinese")}
      </select>
    </label>
    <button type="submit" class="primary"><${Icon} name="chat" />${t("start")}</button>
  </form>`;
}

/** @param {string} why @param {Translate} t */
function endedText(why, t) {
  const key = `ended_${why.replace(":", "_")}`;
  return t(key) === key ? t("ended_other") : t(key);
}

/** @param {{visit: Visit, connection: Connection, t: Translate, lang: Language}} props */
function Ended({ visit, connection, t, lang }) {
  const { why, ticket } = visit.ended ?? { why: "", ticket: "" };
  return html`${visit.lines.length > 0 && html`<${Lines} visit=${visit} connection=${connection} t=${t} lang=${lang} />`}
    <div class="ended" role="status" data-ended=${why}>
      <p class="strong">${t("ended")}</p>
      <p>${endedText(why, t)}</p>
      ${ticket &&
      html`<p class="muted small">${t("ticket")}</p>
        <p class="ticket" data-ticket=${ticket}>${ticket}</p>
        <p class="muted small">${t("ticket_keep")}</p>`}
      <button type="button" class="primary" onClick=${() => connection.forget()}>${t("again")}</button>
    </div>`;
}

/** @param {{connection: Connection, t: Translate, lang: Language}} props */
function Inside({ connection, t, lang }) {
  const visit = useStore(connection.visit);
  const link = useStore(connection.link);
  const stage = stageOf(visit);
  if (stage === "ended") return html`<${Ended} visit=${visit} connection=${connection} t=${t} lang=${lang} />`;
  const strip = { lost: "lost", elsewhere: "elsewhere", refused: "link_refused" }[/** @type {string} */ (link)];
  return html`${strip &&
    html`<p class="notice warning small" role="alert">
      <span class="grow">${t(strip)}</span>
      ${link === "elsewhere" &&
      html`<button type="button" class="compact" onClick=${() => connection.open()}>${t("take_over")}</button>`}
    </p>`}
    ${stage !== "none" && html`<${Conversation} visit=${visit} connection=${connection} t=${t} lang=${lang} />`}
    ${stage === "none" && link === "idle" && html`<${Form} connection=${connection} t=${t} lang=${lang} />`}
    ${stage === "none" && link === "connecting" && html`<p class="empty">${t("connecting_link")}</p>`}`;
}

/** How many lines came in since the chat was made small. @param {Connection} connection @param {boolean} isOpen */
function useUnread(connection, isOpen) {
  const visit = useStore(connection.visit);
  const newest = newestLine(visit);
  const seen = useRef(newest);
  if (isOpen) seen.current = newest;
  return visit.lines.filter((line) => line.number > seen.current && line.by !== "customer").length;
}

/** @param {{connection: Connection, t: Translate, lang: Language}} props */
export function Widget({ connection, t, lang }) {
  const isOpen = useStore(isWidgetOpen);
  const unread = useUnread(connection, isOpen);
  const panel = useRef(/** @type {HTMLElement | null} */ (null));
  const [wasOpened, setOpened] = useState(false);
  useEffect(() => {
    if (isOpen) setOpened(true);
    if (isOpen) /** @type {HTMLElement | null | undefined} */ (panel.current?.querySelector("input, textarea"))?.focus();
  }, [isOpen]);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && isWidgetOpen.set(false);
  if (!isOpen) {
    return html`<button type="button" class="launcher primary" onClick=${() => isWidgetOpen.set(true)} aria-label=${t("open_widget")} autofocus=${wasOpened}>
      <${Icon} name="chat" /><span>${t("widget")}</span>
      ${unread > 0 && html`<span class="badge alarm">${t("unread", { count: unread })}</span>`}
    </button>`;
  }
  return html`<section class="widget card" ref=${panel} aria-label=${t("widget")} onKeyDown=${onKeyDown}>
    <header class="row spread">
      <h2>${t("widget")}</h2>
      <button type="button" class="plain compact" aria-label=${t("close_widget")} title=${t("close_widget")} onClick=${() => isWidgetOpen.set(false)}>
        <${Icon} name="down" />
      </button>
    </header>
    <div class="inside"><${Inside} connection=${connection} t=${t} lang=${lang} /></div>
  </section>`;
}
