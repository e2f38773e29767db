/** What came in, was answered and given up by quarter of an hour, and the service level beside it. */

import { html, useEffect, useRef } from "../vendor/preact.js";
import uPlot from "../vendor/uPlot.js";
import { QUARTER_MS } from "./intervals.js";
import { useWatch } from "./watch_state.js";

/** @typedef {import("./intervals.js").Quarter} Quarter */

const HEIGHT = 260;
/** Each with a dash of its own: colour is never alone. */
const SERIES = /** @type {const} */ ([
  ["entered", "--ink-2", []],
  ["answered", "--ready", [8, 3]],
  ["abandoned", "--alarm", [2, 3]],
  ["service_level", "--accent", [10, 3, 2, 3]],
]);

/** @param {string} name a design token */
function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {Quarter[]} quarters @returns {any} */
function columns(quarters) {
  return [
    quarters.map((quarter) => quarter.atMs / 1000),
    quarters.map((quarter) => quarter.entered),
    quarters.map((quarter) => quarter.answered),
    quarters.map((quarter) => quarter.abandoned),
    quarters.map((quarter) => (quarter.serviceLevel === null ? null : quarter.serviceLevel / 10)),
  ];
}

/** @param {number} width @param {string} locale */
function options(width, locale) {
  const hours = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false });
  const axis = { stroke: token("--ink-2"), font: `11px ${token("--font")}`, ticks: { show: false } };
  const line = { stroke: token("--line"), width: 1 };
  const [from, to] = [0, 1];
  return {
    width,
    height: HEIGHT,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (/** @type {any} */ _plot, /** @type {number} */ min, /** @type {number} */ max) => [min, Math.max(max, min + QUARTER_MS / 250)] },
      y: { range: (/** @type {any} */ _plot, /** @type {number} */ _min, /** @type {number} */ max) => [from, Math.max(4, Math.ceil((max || from) * 1.1))] },
      share: { range: () => [from, to * 100] },
    },
    axes: [
      { ...axis, size: 22, grid: { show: false }, values: (/** @type {any} */ _plot, /** @type {number[]} */ at) => at.map((s) => hours.format(s * 1000)) },
      { ...axis, size: 38, space: 32, grid: line, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000] },
      { ...axis, scale: "share", side: 1, size: 44, space: 48, grid: { show: false }, values: (/** @type {any} */ _plot, /** @type {number[]} */ at) => at.map((share) => `${share} %`) },
    ],
    series: [
      {},
      ...SERIES.map(([name, colour, dash]) => ({
        stroke: token(colour),
        width: 2,
        dash,
        spanGaps: false,
        scale: name === "service_level" ? "share" : "y",
        points: { show: name === "service_level", size: 5, fill: token(colour) },
      })),
    ],
  };
}

/** @param {{quarters: Quarter[], caption: string}} props */
export function DayChart({ quarters, caption }) {
  const { t, lang } = useWatch();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const latest = useRef(quarters);
  latest.current = quarters;
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
  useEffect(() => plot.current?.setData(columns(quarters)), [quarters]);
  return html`<figure class="day-chart">
    <figcaption class="row wrap small" aria-hidden="true">
      ${SERIES.map(([name]) => html`<span class="row"><span class="key ${name}"></span>${t(`day_${name}`)}</span>`)}
    </figcaption>
    <div ref=${place} role="img" aria-label=${caption}></div>
  </figure>`;
}
