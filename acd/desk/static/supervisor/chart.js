/** Waiting contacts and ready agents over the last minutes. */

import { html, useEffect, useRef } from "../vendor/preact.js";
import uPlot from "../vendor/uPlot.js";
import { HISTORY_MINUTES } from "./figures.js";
import { useWatch } from "./watch_state.js";

/** @typedef {import("./figures.js").History} History */

const HEIGHT = 124;

/** @param {string} name a design token */
function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {History} history @returns {any} */
function columns(history) {
  return [history.at, history.waiting, history.ready];
}

/** @param {number} width @param {string} locale */
function options(width, locale) {
  const hours = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false });
  const axis = { stroke: token("--ink-2"), font: `11px ${token("--font")}`, ticks: { show: false } };
  const line = { stroke: token("--line"), width: 1 };
  const series = (/** @type {string} */ colour, /** @type {number[]} */ dash) => ({
    stroke: token(colour),
    width: 2,
    dash,
    spanGaps: false,
    points: { show: false },
  });
  return {
    width,
    height: HEIGHT,
    padding: [6, 8, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (/** @type {any} */ _plot, /** @type {number} */ _min, /** @type {number} */ max) => [max - HISTORY_MINUTES * 60, max] },
      y: { range: (/** @type {any} */ _plot, /** @type {number} */ _min, /** @type {number} */ max) => [0, Math.max(4, Math.ceil((max || 0) * 1.15))] },
    },
    axes: [
      { ...axis, size: 22, grid: { show: false }, values: (/** @type {any} */ _plot, /** @type {number[]} */ at) => at.map((s) => hours.format(s * 1000)) },
      { ...axis, size: 34, space: 28, grid: line, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] },
    ],
    series: [{}, series("--chart-waiting", []), series("--chart-ready", [6, 3])],
  };
}

/** @param {{history: History}} props */
export function Chart({ history }) {
  const { t, lang } = useWatch();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const latest = useRef(history);
  latest.current = history;
  useEffect(() => {
    const element = /** @type {HTMLElement} */ (place.current);
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element.clientWidth, lang === "zh" ? "zh-CN" : "en-GB"), columns(latest.current), element);
    };
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    draw();
    dark.addEventListener("change", draw);
    resized.observe(element);
    return () => {
      dark.removeEventListener("change", draw);
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [lang]);
  useEffect(() => plot.current?.setData(columns(history)), [history]);
  const now = {
    waiting: history.waiting[history.waiting.length - 1] ?? "–",
    ready: history.ready[history.ready.length - 1] ?? "–",
  };
  const caption = t("chart", { minutes: HISTORY_MINUTES });
  return html`<figure class="chart card">
    <figcaption class="row spread small">
      <span class="muted cut">${caption}</span>
      <span class="row" aria-hidden="true">
        <span class="key waiting"></span>${t("chart_waiting")} <span class="key ready"></span>${t("chart_ready")}
      </span>
    </figcaption>
    <div ref=${place} role="img" aria-label="${caption}: ${t("chart_now", now)}"></div>
  </figure>`;
}
