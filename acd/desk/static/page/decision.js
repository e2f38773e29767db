/** Why this agent and this contact met: the decision that every offer bears, for whoever wants to know. */

import { html } from "../vendor/preact.js";

/** @typedef {import("./tables.js").Row} Row */
/** @typedef {import("./i18n.js").Translate} Translate */

/**
 * The decision as pairs of a term and its value; codes that we have no words for are shown as they are.
 *
 * @param {Row} decision
 * @param {Translate} t
 * @returns {[string, string][]}
 */
export function decisionRows(decision, t) {
  const known = (/** @type {string} */ prefix, /** @type {string} */ code) =>
    t(`${prefix}_${code}`) === `${prefix}_${code}` ? code : t(`${prefix}_${code}`);
  const removed = Object.entries(decision.removed ?? {}).filter(([, count]) => count);
  return [
    [t("why_trigger"), known("trigger", decision.trigger)],
    [t("why_strategy"), known("strategy", decision.strategy)],
    [t("why_step"), String(decision.step + 1)],
    [t("why_eligible"), String(decision.eligible)],
    [t("why_runner_up"), decision.runner_up ?? "–"],
    [t("why_removed"), removed.map(([why, count]) => `${known("removed", why)} ${count}`).join(", ") || "–"],
  ];
}

/** @param {{decision: Row, t: Translate, open?: boolean}} props */
export function Why({ decision, t, open = false }) {
  return html`<details class="why" open=${open}>
    <summary>${t("why_you")}</summary>
    <dl class="facts">${decisionRows(decision, t).map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>
  </details>`;
}
