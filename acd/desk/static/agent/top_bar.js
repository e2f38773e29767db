/** Presence with reasons and timer, the next presence, the links, and why the system changed something. */

import { html, useEffect, useState } from "../vendor/preact.js";
import { BrandMark, Elapsed, LanguageSwitch, Menu, Press } from "../page/components.js";
import { Icon, Shape } from "../page/icons.js";
import { session, signOut } from "../page/session.js";
import { ConnectionMark } from "../page/sign_in.js";
import { doing, sinceOf } from "../page/presence.js";
import { useStore } from "../page/store.js";
import { reasonText } from "../page/words.js";
import { useWork } from "./desk_state.js";

const LEAVE_MS = 2_000;

/** @typedef {import("../page/tables.js").Row} Row */
/** @typedef {import("../page/i18n.js").Translate} Translate */

/** @param {Translate} t @param {string} presence @param {string} reason */
function presenceText(t, presence, reason) {
  return presence === "not_ready" && reason ? reasonText(t, reason) : t(presence);
}

/** @param {{me: Row}} props */
export function PresencePicker({ me }) {
  const { desk, t, ask } = useWork();
  const reasons = /** @type {string[]} */ (useStore(desk.welcome)?.reasons ?? []);
  const state = doing(me);
  const busy = me.work.length > 0;
  const choose = (/** @type {() => void} */ close, /** @type {string} */ presence, reason = "") => {
    close();
    void ask("set_presence", reason ? { presence, reason } : { presence });
  };
  const label = html`<${Shape} state=${state} />
    <span>${busy ? t(state) : presenceText(t, me.presence, me.reason)}</span>
    <span class="timer"><${Elapsed} since=${sinceOf(me)} /></span>
    <${Icon} name="down" />`;
  const item = (/** @type {() => void} */ close, /** @type {string} */ presence, /** @type {string} */ reason) =>
    html`<button
      type="button"
      role="menuitemradio"
      aria-checked=${String(me.presence === presence && (presence === "ready" || me.reason === reason))}
      onClick=${() => choose(close, presence, reason)}
    >
      <${Shape} state=${presence} />${presenceText(t, presence, reason)}
    </button>`;
  return html`<div class="row presence" data-presence=${me.presence} data-reason=${me.reason}>
    <${Menu} label=${label} title=${t("choose_presence")} class="picker ${state}">
      ${(/** @type {() => void} */ close) => html`
        ${busy && html`<p class="caption">${t("next_presence_hint")}</p>`}
        ${item(close, "ready", "")}
        <p class="caption">${t("not_ready_because")}</p>
        ${reasons.map((reason) => item(close, "not_ready", reason))}
      `}
    <//>
    ${me.presence === "not_ready" &&
    !me.is_system &&
    html`<${Press} class="accept" onPress=${() => ask("set_presence", { presence: "ready" })}>${t("go_ready")}<//>`}
    ${me.next_presence &&
    html`<span class="badge wrap_up" data-next=${me.next_presence}>
      <${Icon} name="clock" />
      ${t("next_presence", { presence: presenceText(t, me.next_presence, me.next_reason) })}
    </span>`}
  </div>`;
}

/** Why somebody else than the agent changed the presence, with the way back. @param {{me: Row}} props */
export function PresenceNotice({ me }) {
  const { desk, t, ask } = useWork();
  if (me.presence === "ready") return null;
  const bySystem = me.is_system && me.presence === "not_ready";
  const byPerson = me.set_by && me.set_by !== me.agent;
  if (!bySystem && !byPerson && me.presence !== "signed_out") return null;
  const known = ["rona", "connection_lost", "shift_end"].includes(me.reason);
  const text = bySystem
    ? t(known ? `changed_${me.reason}` : "changed_other", { reason: me.reason })
    : !byPerson
      ? t("idle_out")
      : t("changed_by", { person: me.set_by, presence: presenceText(t, me.presence, me.reason) });
  return html`<div class="strip why-not-ready" role="alert">
    <${Shape} state="system" />
    <span class="grow">${text}</span>
    ${me.presence === "signed_out"
      ? html`<button type="button" onClick=${() => desk.open()}>${t("sign_in_again")}</button>`
      : html`<${Press} class="accept" onPress=${() => ask("set_presence", { presence: "ready" })}>
          <${Icon} name="back" />${t("return_to_ready")}
        <//>`}
  </div>`;
}

/**
 * Tell the server whether the browser lets this page use the microphone, and ask for it on a press.
 *
 * @param {boolean} isUp as the server knows it
 */
function useMicrophone(isUp) {
  const { desk } = useWork();
  const isLive = useStore(desk.connection, (connection) => connection.state) === "live";
  const [permission, setPermission] = useState("unknown");
  useEffect(() => {
    const query = navigator.permissions?.query({ name: /** @type {PermissionName} */ ("microphone") });
    query?.then(
      (status) => {
        setPermission(status.state);
        status.onchange = () => setPermission(status.state);
      },
      () => setPermission("unknown"), // A browser that cannot tell: the button still asks.
    );
  }, []);
  useEffect(() => {
    if (!isLive || permission === "unknown" || (permission === "granted") === isUp) return;
    void desk.act("set_link", { link: "microphone", is_up: permission === "granted" });
  }, [isLive, permission, isUp]);
  const request = async () => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      for (const track of stream.getTracks()) track.stop();
      setPermission("granted");
    } catch (refused) {
      console.warn("no microphone", refused);
      setPermission("denied");
    }
  };
  return { permission, request };
}

/** @param {{me: Row}} props */
function Links({ me }) {
  const { t } = useWork();
  const { permission, request } = useMicrophone(me.links.microphone);
  return html`<ul class="row links">
    ${["phone", "microphone"].map((link) => {
      const text = t(me.links[link] ? "link_up" : "link_down", { link: t(`link_${link}`) });
      return html`<li class="badge ${me.links[link] ? "ready" : ""}" title=${text}>
        <${Shape} state=${me.links[link] ? "ready" : "signed_out"} />
        <span aria-hidden="true">${t(`link_${link}`)}</span><span class="unseen">${text}</span>
      </li>`;
    })}
    ${permission === "prompt" &&
    !me.links.phone &&
    html`<li><button type="button" class="compact" onClick=${request}>${t("allow_microphone")}</button></li>`}
  </ul>`;
}

/** @param {{me: Row | undefined}} props */
export function TopBar({ me }) {
  const { desk, t, lang } = useWork();
  const person = useStore(session)?.person;
  const leave = async () => {
    // The engine should hear it from the agent; whoever cannot be reached need not hold them up.
    const told = desk.connection.get().state === "live" ? desk.act("set_presence", { presence: "signed_out" }) : null;
    await Promise.race([told, new Promise((resolve) => window.setTimeout(resolve, LEAVE_MS))]);
    desk.close();
    await signOut();
  };
  return html`<header class="topbar">
    <${BrandMark} name=${t("product")} />
    ${me && html`<${PresencePicker} me=${me} />`}
    <span class="grow"></span>
    ${me && html`<${Links} me=${me} />`}
    <${ConnectionMark} desk=${desk} t=${t} lang=${lang} />
    <${LanguageSwitch} t=${t} lang=${lang} />
    <${Menu} right=${true} class="plain" title=${person?.name} label=${html`<${Icon} name="person" /><span class="cut who">${person?.name}</span>`}>
      ${() => html`<button type="button" role="menuitem" onClick=${leave}><${Icon} name="exit" />${t("sign_out")}</button>`}
    <//>
  </header>`;
}
