/** The sign-in of both desks, and the strip that tells how the connection stands. */

import { html, useState } from "../vendor/preact.js";
import { useNow } from "./clock.js";
import { BrandMark, LanguageSwitch } from "./components.js";
import { durationText } from "./format.js";
import { suggestLanguage } from "./i18n.js";
import { Icon } from "./icons.js";
import { endedWhy, HttpRefusal, signIn } from "./session.js";
import { useStore } from "./store.js";

/** @typedef {import("./i18n.js").Language} Language */
/** @typedef {import("./i18n.js").Translate} Translate */

/** @param {Translate} t @param {unknown} problem */
function problemText(t, problem) {
  if (!(problem instanceof HttpRefusal)) return t("unreachable_server");
  if (problem.code === "too_many_tries") return t("too_many_tries", { seconds: problem.retryAfterS || 10 });
  if (problem.code === "sign_in_failed") return t("sign_in_failed");
  return t("code_other", { code: problem.code });
}

/** @param {{t: Translate, lang: Language, caption: string}} props */
export function SignIn({ t, lang, caption }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const why = useStore(endedWhy);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    setBusy(true);
    setProblem("");
    try {
      const { person } = await signIn(String(form.get("name")).trim(), String(form.get("password")));
      suggestLanguage(person.language);
    } catch (refused) {
      setProblem(problemText(t, refused));
      setBusy(false);
    }
  };
  return html`<main class="sign-in">
    <div class="row spread">
      <${BrandMark} name=${t("product")} />
      <${LanguageSwitch} t=${t} lang=${lang} />
    </div>
    <form class="card" onSubmit=${submit}>
      <h1>${t("sign_in")}</h1>
      <p class="muted">${caption}</p>
      ${why && !problem && html`<p class="notice warning" role="status">${t(why)}</p>`}
      ${problem && html`<p class="notice alarm" role="alert">${problem}</p>`}
      <label class="field">${t("name")}<input name="name" autocomplete="username" required autofocus /></label>
      <label class="field">
        ${t("password")}
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button class="primary" type="submit" disabled=${busy}>${t(busy ? "signing_in" : "sign_in")}</button>
    </form>
  </main>`;
}

/**
 * How old what the page shows may be: nothing is older than the last message while the connection stands.
 *
 * @param {import("./desk.js").Connection} connection
 * @param {number} hereMs
 * @returns {number} milliseconds; 0 while live
 */
export function ageOfState(connection, hereMs) {
  if (connection.state === "live" && hereMs - connection.heardMs < 6_000) return 0;
  return connection.heardMs ? hereMs - connection.heardMs : 0;
}

/** One small mark in the top bar. @param {{desk: import("./desk.js").Desk, t: Translate, lang: Language}} props */
export function ConnectionMark({ desk, t, lang }) {
  useNow();
  const connection = useStore(desk.connection);
  const age = ageOfState(connection, Date.now());
  const isLive = connection.state === "live" && !age;
  const text = isLive ? t("state_live") : age ? t("state_old", { age: durationText(age, lang) }) : t(`connection_${connection.state}`);
  return html`<span class="badge ${isLive ? "ready" : "alarm"}" data-connection=${connection.state} title=${t(`connection_${connection.state}`)}>
    <${Icon} name=${isLive ? "link" : "linkOff"} />${text}
  </span>`;
}

/** The strip under the top bar while the connection does not stand. @param {{desk: import("./desk.js").Desk, t: Translate, lang: Language}} props */
export function ConnectionStrip({ desk, t, lang }) {
  useNow();
  const connection = useStore(desk.connection);
  const here = Date.now();
  const isNew = connection.state === "connecting" && here - connection.sinceMs < 1_500;
  if (connection.state === "live" || connection.state === "closed" || isNew) return null;
  const key = connection.state === "connecting" ? "connecting_text" : `${connection.state}_text`;
  const seconds = Math.max(0, Math.ceil((connection.retryAtMs - here) / 1000));
  const age = durationText(ageOfState(connection, here), lang);
  const again = connection.state === "replaced" ? "take_over_here" : "try_now";
  return html`<div class="strip" role="status">
    <${Icon} name="linkOff" />
    <span class="grow">${t(key, { seconds, age })}</span>
    ${connection.state !== "connecting" &&
    connection.state !== "forbidden" &&
    html`<button type="button" class="compact" onClick=${() => desk.open()}>${t(again)}</button>`}
    ${connection.state === "forbidden" && html`<a href="/">${t("start_page")}</a>`}
  </div>`;
}
