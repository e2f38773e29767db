/** A chat: everything that was said, and the box for the reply. */

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { serverNow } from "../page/clock.js";
import { Press } from "../page/components.js";
import { customerName } from "../page/customers.js";
import { momentText } from "../page/format.js";
import { Icon } from "../page/icons.js";
import { useStore } from "../page/store.js";
import { useTable } from "../page/views.js";
import { session } from "../page/session.js";
import { draftOf, keepDraft, useWork } from "./desk_state.js";
import { linesOf } from "./work_list.js";

/** @typedef {import("../page/tables.js").Row} Row */

/** @param {{line: Row, customer: string, isMine: boolean}} props */
function Line({ line, customer, isMine }) {
  const { t, lang } = useWork();
  const who = { customer, agent: line.name || line.agent, bot: t("by_bot"), house: t("by_house") }[
    /** @type {"customer" | "agent" | "bot" | "house"} */ (line.by)
  ];
  return html`<li class="line ${line.by}" data-by=${line.by}>
    <p class="small muted">${isMine ? t("me") : who} · ${momentText(line.at_ms, serverNow(), lang)}</p>
    <p class="bubble">${line.text}</p>
  </li>`;
}

/** @param {{contact: Row}} props an assignment of channel chat */
function Transcript({ contact }) {
  const { desk, t } = useWork();
  const lines = linesOf(useTable(desk.view, "chat_messages"), contact.contact);
  const me = useStore(session)?.person.person;
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const newest = lines.length ? lines[lines.length - 1].number : 0;
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
    keepDraft(contact.offer, { seen: newest });
  }, [newest, contact.offer]);
  return html`<ol class="transcript" ref=${list} role="log" aria-label=${t("transcript")} tabindex="0">
    ${!lines.length && html`<li class="empty">${t("no_lines")}</li>`}
    ${lines.map(
      (line) => html`<${Line}
        key=${line.number}
        line=${line}
        customer=${customerName(contact, t)}
        isMine=${line.by === "agent" && line.agent === me}
      />`,
    )}
  </ol>`;
}

/** @param {{contact: Row}} props */
function ReplyBox({ contact }) {
  const { t, ask } = useWork();
  const [text, setText] = useState(draftOf(contact.offer).reply ?? "");
  const [sending, setSending] = useState(false);
  const box = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => box.current?.focus(), []);
  const write = (/** @type {string} */ value) => {
    setText(value);
    keepDraft(contact.offer, { reply: value });
  };
  const send = async () => {
    const said = text.trim();
    if (!said || sending) return;
    setSending(true);
    write("");
    const taken = await ask("send_chat", { contact: contact.contact, text: said });
    setSending(false);
    if (!taken) write(said);
    box.current?.focus();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    // While a Chinese input method composes, Enter chooses characters and must not send.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void send();
  };
  return html`<div class="reply">
    <label class="unseen" for="reply">${t("reply")}</label>
    <textarea
      id="reply"
      ref=${box}
      rows="2"
      maxlength="4000"
      placeholder=${t("reply_hint")}
      value=${text}
      onInput=${(/** @type {any} */ event) => write(event.target.value)}
      onKeyDown=${onKeyDown}
    ></textarea>
    <${Press} class="primary" onPress=${send} disabled=${!text.trim()}>
      <${Icon} name="send" />${t(sending ? "sending" : "send")}
    <//>
  </div>`;
}

/** @param {{contact: Row}} props */
export function Chat({ contact }) {
  const { t } = useWork();
  const isOpen = contact.state === "talking" || contact.state === "held";
  return html`<div class="chat">
    <${Transcript} contact=${contact} />
    ${isOpen
      ? html`<${ReplyBox} key=${contact.offer} contact=${contact} />`
      : html`<p class="empty">${t(contact.state === "connecting" ? "call_connecting" : "chat_over")}</p>`}
  </div>`;
}
