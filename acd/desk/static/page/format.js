/** Numbers, durations and moments as people read them, in both languages. Pure. */

/** @typedef {import("./i18n.js").Language} Language */

const LOCALES = /** @type {const} */ ({ en: "en-GB", zh: "zh-CN" });
const DAY_MS = 24 * 3_600_000;

/**
 * A running clock: `0:07`, `12:40`, `1:02:05`. Never negative: the two machines' clocks may disagree by a little.
 *
 * @param {number} ms
 */
export function clockText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(s).padStart(2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

/** A clock that counts down: rounds up, so that it shows 0:00 only when the time is over. @param {number} ms */
export function countdownText(ms) {
  return clockText(Math.ceil(Math.max(0, ms) / 1000) * 1000);
}

/**
 * A duration in words, rounded as people say it: `12 sec`, `3 min`, `1 hr 5 min`; `12秒`, `3分钟`, `1小时5分钟`.
 *
 * @param {number} ms
 * @param {Language} lang
 */
export function durationText(ms, lang) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return unit(seconds, "second", lang);
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return unit(minutes, "minute", lang);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return unit(Math.round(hours / 24), "day", lang);
  const parts = [unit(hours, "hour", lang), ...(minutes % 60 ? [unit(minutes % 60, "minute", lang)] : [])];
  return parts.join(lang === "zh" ? "" : " ");
}

/** @param {number} value @param {"second" | "minute" | "hour" | "day"} of @param {Language} lang */
function unit(value, of, lang) {
  const unitDisplay = of === "day" ? "long" : "short";
  const text = new Intl.NumberFormat(LOCALES[lang], { style: "unit", unit: of, unitDisplay }).format(value);
  return lang === "zh" ? text.replace(/\s/g, "") : text;
}

/**
 * An estimated wait: whole minutes, rounded up, since an estimate in seconds promises more than it knows.
 *
 * @param {number} ms
 * @param {Language} lang
 */
export function estimateText(ms, lang) {
  return durationText(ms < 60_000 ? 60_000 : Math.ceil(ms / 60_000) * 60_000, lang);
}

/**
 * A moment, as short as today allows: `14:05`, `Sun 22 Nov, 14:05`, `3 Nov 2025, 14:05`.
 *
 * @param {number} atMs
 * @param {number} nowMs
 * @param {Language} lang
 * @param {string} [timeZone] for tests; the browser's otherwise
 */
export function momentText(atMs, nowMs, lang, timeZone) {
  /** @param {Intl.DateTimeFormatOptions} options */
  const write = (options) => new Intl.DateTimeFormat(LOCALES[lang], { timeZone, ...options });
  const time = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", hour12: false });
  const day = write({ year: "numeric", month: "numeric", day: "numeric" });
  if (day.format(atMs) === day.format(nowMs)) return write(time).format(atMs);
  const near = Math.abs(nowMs - atMs) < 300 * DAY_MS;
  return write(
    near
      ? { weekday: "short", day: "numeric", month: "short", ...time }
      : { day: "numeric", month: "short", year: "numeric", ...time },
  ).format(atMs);
}

/** @param {number} value @param {Language} lang */
export function numberText(value, lang) {
  return new Intl.NumberFormat(LOCALES[lang]).format(value);
}

/** Per mille as the statistics give it, in whole per cent; none shows a dash. @param {number | null | undefined} perMille */
export function shareText(perMille) {
  return perMille === null || perMille === undefined ? "–" : `${Math.floor(perMille / 10)} %`;
}

/** The first letters of a name, for its round mark. @param {string} name */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  if (!words.length) return "?";
  const first = [...words[0]];
  if (/\p{Script=Han}/u.test(first[0])) return first.slice(-2).join("");
  return (first[0] + (words.length > 1 ? [...words[words.length - 1]][0] : "")).toUpperCase();
}
