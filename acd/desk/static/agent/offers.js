/** The offer toast: who, how long they waited, whether they were here before, and how long one may think. */

import { html, useEffect, useRef } from "../vendor/preact.js";
import { Countdown, CountdownBar, Elapsed, Press } from "../page/components.js";
import { customerName, customerNumbers } from "../page/customers.js";
import { Why } from "../page/decision.js";
import { labelText } from "../page/i18n.js";
import { Icon } from "../page/icons.js";
import { useTable } from "../page/views.js";
import { IntakeNote, RepeatNote } from "./customer_notes.js";
import { useWork } from "./desk_state.js";

/** @typedef {import("../page/tables.js").Row} Row */
/** @typedef {import("../page/i18n.js").Translate} Translate */

/** @param {Row} offer @returns {"voice" | "chat" | "return_call"} */
export function offerKind(offer) {
  return offer.origin === "return_call" ? "return_call" : offer.channel;
}

/** @param {{offer: Row}} props */
function Offer({ offer }) {
  const { desk, t, lang, ask } = useWork();
  const label = useTable(desk.view, "labels").get(offer.queue)?.label;
  const kind = offerKind(offer);
  const numbers = customerNumbers(offer, t);
  const facts = [
    offer.language && t(`lang_${offer.language}`),
    offer.region && `${t("region")} ${offer.region}`,
    offer.ticket && t("ticket_number", { number: offer.ticket }),
  ].filter(Boolean);
  return html`<section class="offer card" role="alertdialog" aria-label=${t(`offer_${kind}`)} data-offer=${offer.offer}>
    <${CountdownBar} from=${offer.offered_at_ms} until=${offer.deadline_at_ms} />
    <div class="inside">
      <p class="row spread kind">
        <span class="row"><${Icon} name=${offer.channel === "chat" ? "chat" : "phone"} />${t(`offer_${kind}`)}</span>
        <span class="left" title=${t("time_left")}><${Countdown} until=${offer.deadline_at_ms} /></span>
      </p>
      <div>
        <h2 class="cut">${customerName(offer, t)}</h2>
        <p class="muted cut">
          ${numbers.join(" · ")}
          ${offer.verified && html`<span class="verified"><${Icon} name="check" title=${t("verified")} /></span>`}
        </p>
      </div>
      <p class="row wrap">
        <span class="strong">${labelText(label, lang, offer.queue)}</span>
        <span class="muted">${t("waited")} <b><${Elapsed} since=${offer.arrived_at_ms} /></b></span>
        ${facts.map((fact) => html`<span class="muted">${fact}</span>`)}
      </p>
      ${offer.repeat && html`<${RepeatNote} repeat=${offer.repeat} />`}
      ${offer.intake && html`<${IntakeNote} intake=${offer.intake} />`}
      <div class="row answers">
        <${Press} class="accept grow" onPress=${() => ask("accept_offer", { offer: offer.offer })}>
          <${Icon} name="check" />${t("accept")}
        <//>
        <${Press} class="grow" onPress=${() => ask("decline_offer", { offer: offer.offer })}>
          <${Icon} name="close" />${t("decline")}
        <//>
      </div>
      ${offer.decision && html`<${Why} decision=${offer.decision} t=${t} />`}
    </div>
  </section>`;
}

/** @param {Row | undefined} offer flash the window's title while there is one */
function useTitleFlash(offer) {
  const { t } = useWork();
  const text = offer ? t("flash", { what: t(`offer_${offerKind(offer)}`), who: customerName(offer, t) }) : "";
  const turn = useRef(0);
  useEffect(() => {
    if (!text) return;
    const calm = t("title");
    const flash = () => {
      turn.current += 1;
      document.title = turn.current % 2 ? `● ${text}` : `○ ${text}`;
    };
    flash();
    const timer = window.setInterval(flash, 1000);
    return () => {
      window.clearInterval(timer);
      document.title = calm;
    };
  }, [text]);
}

/** All open offers, the one that runs out first on top. */
export function Offers() {
  const { desk } = useWork();
  const offers = [...useTable(desk.view, "offers").values()].sort((a, b) => a.deadline_at_ms - b.deadline_at_ms);
  useTitleFlash(offers[0]);
  return html`<div class="offers" aria-live="assertive">
    ${offers.map((offer) => html`<${Offer} key=${offer.offer} offer=${offer} />`)}
  </div>`;
}
