/** The top of the page: figures, chart, filters and alerts. */

import { html, useEffect, useState } from "../vendor/preact.js";
import { useNow } from "../page/clock.js";
import { Elapsed } from "../page/components.js";
import { clockText, numberText, shareText } from "../page/format.js";
import { labelText } from "../page/i18n.js";
import { Icon, Shape } from "../page/icons.js";
import { useStore } from "../page/store.js";
import { useTable } from "../page/views.js";
import { useNames } from "./cells.js";
import { Chart } from "./chart.js";
import { addSample, countDay, countLive, filterAgents, filterContacts, NO_HISTORY } from "./figures.js";
import { filter, useWatch } from "./watch_state.js";

/** @typedef {import("../page/tables.js").Row} Row */

/** @param {{name: string, value: any, shape?: string, note?: string}} props */
function Figure({ name, value, shape, note }) {
  const { t } = useWatch();
  return html`<div class="figure card" data-figure=${name}>
    <p class="muted small row">${shape && html`<${Shape} state=${shape} />`}<span class="cut">${t(`fig_${name}`)}${note && ` · ${note}`}</span></p>
    <p class="value">${value}</p>
  </div>`;
}

/** @param {{live: ReturnType<typeof countLive>}} props */
function LongestWait({ live }) {
  return live.longestArrivedAtMs === null ? "–" : html`<${Elapsed} since=${live.longestArrivedAtMs} />`;
}

export function Overview() {
  const { t, lang, view, desk } = useWatch();
  const chosen = useStore(filter);
  const live = countLive(
    filterAgents(useTable(view, "agents").values(), chosen),
    filterContacts(useTable(view, "contacts").values(), chosen),
  );
  const day = countDay(useTable(view, "queues").values());
  const [history, setHistory] = useState(NO_HISTORY);
  const isLive = useStore(desk.connection, (connection) => connection.state) === "live" && desk.view.get().seq > 0;
  const now = useNow();
  useEffect(() => setHistory((/** @type {any} */ before) => addSample(before, now, isLive ? live : null)), [now]);
  useEffect(() => setHistory(NO_HISTORY), [chosen.region, chosen.team]);
  const number = (/** @type {number} */ value) => numberText(value, lang);
  return html`<section class="overview">
    <div class="figures">
      <${Figure} name="waiting" value=${number(live.waiting)} shape="offered" />
      <${Figure} name="longest" value=${html`<${LongestWait} live=${live} />`} shape="offered" />
      <${Figure} name="ready" value=${number(live.ready)} shape="ready" />
      <${Figure} name="working" value=${number(live.working)} shape="talking" />
      <${Figure} name="wrap_up" value=${number(live.wrapUp)} shape="wrap_up" />
      <${Figure} name="not_ready" value=${number(live.notReady)} shape="not_ready" />
      <${Figure} name="signed_in" value=${number(live.signedIn)} />
      <${Figure} name="service_level" value=${shareText(day.serviceLevel)} note=${t("today")} />
      <${Figure} name="answered" value=${number(day.answered)} note=${t("today")} />
      <${Figure} name="abandoned" value=${number(day.abandoned)} note=${t("today")} />
    </div>
    <${Chart} history=${history} />
  </section>`;
}

/** @param {{name: "region" | "team", rows: Row[]}} props */
function FilterSelect({ name, rows }) {
  const { t, lang } = useWatch();
  const chosen = useStore(filter);
  return html`<label class="row">
    <span class="muted">${t(name)}</span>
    <select
      data-filter=${name}
      value=${chosen[name]}
      onChange=${(/** @type {any} */ event) => filter.set({ ...chosen, [name]: event.target.value })}
    >
      <option value="" selected=${!chosen[name]}>${t(`all_${name}s`)}</option>
      ${rows.map(
        (row) => html`<option value=${row.key} selected=${row.key === chosen[name]}>${labelText(row.label, lang, row.key)}</option>`,
      )}
    </select>
  </label>`;
}

export function Filters() {
  const { t, view } = useWatch();
  const chosen = useStore(filter);
  const groups = /** @type {const} */ (["", "region", "team"]);
  return html`<div class="row wrap filters" role="group" aria-label=${t("filters")}>
    <${FilterSelect} name="region" rows=${[...useTable(view, "regions").values()]} />
    <${FilterSelect} name="team" rows=${[...useTable(view, "teams").values()]} />
    <div class="row">
      <span class="muted">${t("group_by")}</span>
      <div class="switch" role="group" aria-label=${t("group_by")}>
        ${groups.map(
          (group) => html`<button
            type="button"
            data-group=${group || "none"}
            aria-pressed=${String(chosen.groupBy === group)}
            onClick=${() => filter.set({ ...chosen, groupBy: group })}
          >
            ${t(group || "group_none")}
          </button>`,
        )}
      </div>
    </div>
  </div>`;
}

const ALERTS_SHOWN = 6;

/** A figure of an alert as people read it. @param {string} kind @param {string} text */
function alertFigure(kind, text) {
  if (!/^\d+$/.test(text)) return text;
  if (kind === "queue_wait" || kind === "agent_state_long") return clockText(Number(text));
  return kind === "service_level" ? shareText(Number(text)) : text;
}

export function Alerts() {
  const { t, view } = useWatch();
  const names = useNames();
  const contacts = useTable(view, "contacts");
  const rank = (/** @type {Row} */ row) => (row.level === "critical" ? 0 : 1);
  const alerts = [...useTable(view, "alerts").values()].sort((a, b) => rank(a) - rank(b) || a.since_at_ms - b.since_at_ms);
  if (!alerts.length) return null;
  const about = (/** @type {Row} */ row) => {
    if (row.table === "agents") return names.agent(row.about);
    if (row.table === "contacts") return contacts.get(row.about)?.display || row.about;
    return names.queue(row.about);
  };
  return html`<ul class="alerts" aria-label=${t("alerts")} role="status">
    ${alerts.slice(0, ALERTS_SHOWN).map((row) => {
      const parameters = { about: about(row), found: alertFigure(row.kind, row.found), expected: alertFigure(row.kind, row.expected) };
      const text = t(`alert_${row.kind}`, parameters);
      return html`<li key=${row.key} class="badge ${row.level === "critical" ? "alarm" : "wrap_up"}" title=${t(row.level)}>
        <${Icon} name="warning" title=${t(row.level)} />
        ${text === `alert_${row.kind}` ? `${row.kind} ${parameters.about}` : text}
        <${Elapsed} since=${row.since_at_ms} />
      </li>`;
    })}
    ${alerts.length > ALERTS_SHOWN && html`<li class="badge">${t("more_alerts", { count: alerts.length - ALERTS_SHOWN })}</li>`}
  </ul>`;
}
