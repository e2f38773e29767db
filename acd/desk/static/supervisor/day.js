/** A day's figures by quarter of an hour: a queue and a day are chosen, a chart and its table are shown, CSV is saved. */

import { html, useEffect, useState } from "../vendor/preact.js";
import { serverNow } from "../page/clock.js";
import { Notice, Press } from "../page/components.js";
import { numberText, shareText } from "../page/format.js";
import { labelText } from "../page/i18n.js";
import { fetchJson, fetchText, HttpRefusal } from "../page/session.js";
import { useTable } from "../page/views.js";
import { refusalText } from "../page/words.js";
import { DayChart } from "./day_chart.js";
import { dayOf, figuresAddress, quartersOf, sumOf } from "./intervals.js";
import { useWatch } from "./watch_state.js";

/** @typedef {import("./intervals.js").Quarter} Quarter */
/** @typedef {import("./intervals.js").FiguresPage} FiguresPage */

const AGAIN_MS = 60_000;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** @param {unknown} problem @param {import("../page/i18n.js").Translate} t */
function problemText(problem, t) {
  return problem instanceof HttpRefusal ? refusalText(t, problem) : t("unreachable_server");
}

/** @param {string} text @param {string} name */
function save(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads it after this turn.
  window.setTimeout(() => URL.revokeObjectURL(address), AGAIN_MS);
}

/**
 * What the server has counted of a day; asked again every minute while the day runs.
 *
 * @param {string} day
 * @returns {{page: FiguresPage | null, problem: unknown}}
 */
function useFigures(day) {
  const [found, setFound] = useState(/** @type {{page: FiguresPage | null, problem: unknown}} */ ({ page: null, problem: null }));
  useEffect(() => {
    let isAsked = true;
    let timer = 0;
    setFound({ page: null, problem: null });
    const ask = async () => {
      const today = dayOf(serverNow(), ZONE);
      try {
        const page = await fetchJson(figuresAddress({ day, today, zone: ZONE, format: "json" }));
        if (isAsked) setFound({ page, problem: null });
      } catch (problem) {
        if (isAsked) setFound((/** @type {any} */ before) => ({ ...before, problem }));
      }
      if (isAsked && day >= today) timer = window.setTimeout(ask, AGAIN_MS);
    };
    ask();
    return () => {
      isAsked = false;
      window.clearTimeout(timer);
    };
  }, [day]);
  return found;
}

/** @param {{quarters: Quarter[]}} props */
function DayTable({ quarters }) {
  const { t, lang } = useWatch();
  const time = new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit", hour12: false });
  const cells = (/** @type {Quarter} */ one) => html`
    <td class="number">${numberText(one.entered, lang)}</td>
    <td class="number">${numberText(one.answered, lang)}</td>
    <td class="number">${numberText(one.abandoned, lang)}</td>
    <td class="number">${shareText(one.serviceLevel)}</td>`;
  const shown = quarters.filter((one) => one.entered || one.answered || one.abandoned);
  return html`<div class="table-frame" tabindex="0" role="region" aria-label=${t("day_table")}>
    <table data-table="day">
      <caption class="unseen">${t("day_table")}</caption>
      <thead>
        <tr>
          <th scope="col">${t("day_quarter")}</th>
          ${["entered", "answered", "abandoned", "service_level"].map((name) => html`<th scope="col" class="number">${t(`day_${name}`)}</th>`)}
        </tr>
      </thead>
      <tbody>
        <tr data-quarter="sum"><th scope="row">${t("day_sum")}</th>${cells(sumOf(quarters))}</tr>
        ${shown.map((one) => html`<tr key=${one.atMs} data-quarter=${one.atMs}><th scope="row">${time.format(one.atMs)}</th>${cells(one)}</tr>`)}
      </tbody>
    </table>
    ${!shown.length && html`<p class="empty">${t("day_nothing")}</p>`}
  </div>`;
}

export function Day() {
  const { t, lang, view } = useWatch();
  const today = dayOf(serverNow(), ZONE);
  const [day, setDay] = useState(today);
  const [queue, setQueue] = useState("");
  const [saving, setSaving] = useState(/** @type {unknown} */ (null));
  const { page, problem } = useFigures(day);
  const queues = [...useTable(view, "queues").values()];
  const quarters = page ? quartersOf(page, queue) : [];
  const name = queue ? labelText(queues.find((row) => row.queue === queue)?.label, lang, queue) : t("day_all_queues");
  const caption = t("day_caption", { queue: name, day });
  const download = async () => {
    try {
      save(await fetchText(figuresAddress({ day, today, zone: ZONE, format: "csv" })), `figures-${day}.csv`);
      setSaving(null);
    } catch (refusal) {
      setSaving(refusal);
    }
  };
  const wrong = saving ?? problem;
  return html`<section class="card panel day">
    <h2>${t("day_title")}</h2>
    <div class="row wrap">
      <label class="row"><span class="muted">${t("col_queue")}</span>
        <select data-choose="queue" value=${queue} onChange=${(/** @type {any} */ event) => setQueue(event.target.value)}>
          <option value="">${t("day_all_queues")}</option>
          ${queues.map((row) => html`<option value=${row.queue} selected=${row.queue === queue}>${labelText(row.label, lang, row.queue)}</option>`)}
        </select>
      </label>
      <label class="row"><span class="muted">${t("day_day")}</span>
        <input type="date" data-choose="day" value=${day} max=${today} onChange=${(/** @type {any} */ event) => event.target.value && setDay(event.target.value)} />
      </label>
      <span class="grow"></span>
      <${Press} onPress=${download} title=${t("day_csv_title")}>${t("day_csv")}<//>
    </div>
    ${wrong && html`<${Notice} text=${problemText(wrong, t)} t=${t} />`}
    ${page
      ? html`<${DayChart} quarters=${quarters} caption=${caption} /><p class="muted small note-line">${t("day_rule", { zone: ZONE })}</p><${DayTable} quarters=${quarters} />`
      : !wrong && html`<p class="empty" role="status">${t("day_asking")}</p>`}
  </section>`;
}
