/** What was said, how the visit stands, the question that is open, and the box to write in. */

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { serverNow } from "../page/clock.js";
import { estimateText, momentText } from "../page/format.js";
import { Icon } from "../page/icons.js";
import { canSay, shownText, stageOf } from "./visit.js";

/** @typedef {import("../page/i18n.js").Translate} Translate */
/** @typedef {import("../page/i18n.js").Language} Language */
/** @typedef {import("./visit.js").Visit} Visit */
/** @typedef {import("./connection.js").Connection} Connection */

/**
 * How the visit stands, in sentences.
 *
 * @param {Visit} visit
 * @param {Translate} t
 * @param {Language} lang
 * @returns {string[]}
 */
export function stageTexts(visit, t, lang) {
  const place = visit.place;
  const stage = stageOf(visit);
  if (!place || stage === "none" || stage === "ended") return [];
  if (stage === "talking") return [place.agent ? t("stage_talking", { agent: place.agent }) : t("stage_talking_unnamed")];
  if (stage !== "waiting") return [t(`stage_${stage}`)];
  const position = place.position > 1 ? t("waiting_position", { position: place.position }) : t(place.position ? "waiting_next" : "waiting_unknown");
  return place.estimate_ms === null ? [position] : [position, t("estimate", { time: estimateText(place.estimate_ms, lang) })];
}

/** @param {{visit: Visit, connection: Connection, t: Translate, lang: Language}} props */
function Stage({ visit, connection, t, lang }) {
  const stage = stageOf(visit);
  const icon = { waiting: "clock", bot: "bot", talking: "person", held: "hold" }[/** @type {string} */ (stage)] ?? "clock";
  const texts = stageTexts(visit, t, lang);
  return html`<div class="stage ${stage}" role="status" data-stage=${stage}>
    <p class="row"><${Icon} name=${icon} /><b>${texts[0]}</b></p>
    ${texts[1] && html`<p>${texts[1]}</p>`}
    ${stage === "waiting" &&
    !visit.question &&
    html`<p class="small muted">${t("place_kept")}</p>
      <p class="small">
        ${t("no_wait")}${" "}
        <button type="button" class="link" onClick=${() => connection.choose("intake")}>${t("wish_intake")}</button>
      </p>`}
  </div>`;
}

/** @param {{visit: Visit, connection: Connection}} props */
function Question({ visit, connection }) {
  const { question } = visit;
  if (!question) return null;
  return html`<div class="question" role="alertdialog" aria-label=${question.text} data-question=${question.action}>
    <p>${question.text}</p>
    <div class="row wrap">
      ${question.choices.map(
        (choice) => html`<button
          type="button"
          class=${choice.value === "accept" ? "primary" : null}
          data-choice=${choice.value}
          onClick=${() => connection.choose(choice.value, question.turn)}
        >
          ${choice.label}
        </button>`,
      )}
    </div>
  </div>`;
}

/** @param {{line: import("./visit.js").Line, text: string, isLast: boolean, connection: Connection, t: Translate, lang: Language}} props */
function Line({ line, text, isLast, connection, t, lang }) {
  const who = { customer: t("by_you"), agent: line.name || t("by_agent"), bot: t("by_bot"), house: "" }[
    /** @type {"customer" | "agent" | "bot" | "house"} */ (line.by)
  ];
  return html`<li class="line ${line.by}" data-by=${line.by}>
    <p class="small muted">${[who, momentText(line.at_ms, serverNow(), lang)].filter(Boolean).join(" · ")}</p>
    <p class="bubble">${text}</p>
    ${isLast &&
    line.choices.length > 0 &&
    html`<p class="row wrap choices">
      ${line.choices.map(
        (choice) => html`<button type="button" class="compact" onClick=${() => connection.say(choice.value)}>${choice.label}</button>`,
      )}
    </p>`}
  </li>`;
}

/** @param {{visit: Visit, connection: Connection, t: Translate, lang: Language}} props */
export function Lines({ visit, connection, t, lang }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const count = visit.lines.length + visit.unsent.length;
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [count]);
  return html`<ol class="lines" ref=${list} role="log" aria-label=${t("conversation")} tabindex="0">
    ${visit.lines.map(
      (line, index) => html`<${Line}
        key=${line.number}
        line=${line}
        text=${shownText(visit.lines, index)}
        isLast=${index === visit.lines.length - 1 && !visit.ended}
        connection=${connection}
        t=${t}
        lang=${lang}
      />`,
    )}
    ${visit.unsent.map(
      (line) => html`<li key=${line.key} class="line customer unsent">
        <p class="bubble">${line.text}</p>
        <p class="small muted">${t("sending")}</p>
      </li>`,
    )}
  </ol>`;
}

/** @param {{visit: Visit, connection: Connection, t: Translate}} props */
function Writer({ visit, connection, t }) {
  const [text, setText] = useState("");
  const box = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => box.current?.focus(), []);
  const send = () => {
    if (!text.trim() || !canSay(visit)) return;
    connection.say(text.trim());
    setText("");
    box.current?.focus();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    // While a Chinese input method composes, Enter chooses characters and must not send.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return html`<form
    class="writer"
    onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      send();
    }}
  >
    <label class="unseen" for="message">${t("message")}</label>
    <textarea
      id="message"
      ref=${box}
      rows="1"
      maxlength=${visit.textMax}
      placeholder=${t("message_hint")}
      value=${text}
      onInput=${(/** @type {any} */ event) => setText(event.target.value)}
      onKeyDown=${onKeyDown}
    ></textarea>
    <button type="submit" class="primary" disabled=${!text.trim()} aria-label=${t("send")}><${Icon} name="send" /></button>
  </form>`;
}

/** @param {{connection: Connection, t: Translate}} props the way out asks once */
function Leave({ connection, t }) {
  const [asks, setAsks] = useState(false);
  if (!asks) return html`<button type="button" class="link small" onClick=${() => setAsks(true)}>${t("end")}</button>`;
  return html`<p class="row small leave">
    ${t("end_sure")}
    <button type="button" class="danger compact" onClick=${() => connection.leave()}>${t("end_yes")}</button>
    <button type="button" class="compact" onClick=${() => setAsks(false)}>${t("end_no")}</button>
  </p>`;
}

/** @param {{visit: Visit, connection: Connection, t: Translate, lang: Language}} props */
export function Conversation({ visit, connection, t, lang }) {
  const known = `refused_${visit.refused}`;
  return html`<${Stage} visit=${visit} connection=${connection} t=${t} lang=${lang} />
    <${Lines} visit=${visit} connection=${connection} t=${t} lang=${lang} />
    <${Question} visit=${visit} connection=${connection} />
    ${visit.refused &&
    html`<p class="notice warning small" role="alert">
      ${t(known) === known ? t("refused_other", { code: visit.refused }) : t(known)}
    </p>`}
    <${Writer} visit=${visit} connection=${connection} t=${t} />
    <${Leave} connection=${connection} t=${t} />`;
}
