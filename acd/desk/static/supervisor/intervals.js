/** A day by quarter of an hour, from what `GET /api/figures` answers. Pure sums of its counts. */

/** @typedef {{start_at: string, end_at: string, key: string, queue_counts?: Record<string, number>}} Line */
/** @typedef {{from_at: string, to_at: string, until_at: string, lines: Line[]}} FiguresPage */
/** @typedef {{atMs: number, entered: number, answered: number, inTime: number, abandoned: number, serviceLevel: number | null}} Quarter */

export const QUARTER_MS = 15 * 60_000;

/**
 * Answered in time of all answered and abandoned, in per mille, as the live tables count; percentages are never averaged.
 *
 * @param {{answered: number, inTime: number, abandoned: number}} counts
 */
export function serviceLevel({ answered, inTime, abandoned }) {
  const counted = answered + abandoned;
  return counted ? Math.floor((inTime * 1000) / counted) : null;
}

/** @param {number} atMs @returns {Quarter} */
function empty(atMs) {
  return { atMs, entered: 0, answered: 0, inTime: 0, abandoned: 0, serviceLevel: null };
}

/** @param {Quarter} quarter @param {Line} line */
function add(quarter, line) {
  const counts = line.queue_counts ?? {};
  quarter.entered += counts.entered ?? 0;
  quarter.answered += counts.answered ?? 0;
  quarter.inTime += counts.answered_in_time ?? 0;
  quarter.abandoned += counts.abandoned ?? 0;
}

/**
 * One entry for each quarter that has begun: the server leaves out those with nothing counted.
 *
 * @param {FiguresPage} page
 * @param {string} queue empty: all of them together
 * @returns {Quarter[]}
 */
export function quartersOf(page, queue) {
  const fromMs = Date.parse(page.from_at);
  const endMs = Math.min(Date.parse(page.to_at), Date.parse(page.until_at));
  /** @type {Map<number, Quarter>} */
  const quarters = new Map();
  for (let at = fromMs; at < endMs; at += QUARTER_MS) quarters.set(at, empty(at));
  for (const line of page.lines) {
    const quarter = quarters.get(Date.parse(line.start_at));
    if (quarter && (!queue || line.key === queue)) add(quarter, line);
  }
  return [...quarters.values()].map((quarter) => ({ ...quarter, serviceLevel: serviceLevel(quarter) }));
}

/** @param {Quarter[]} quarters */
export function sumOf(quarters) {
  const sum = empty(0);
  for (const quarter of quarters) {
    for (const key of /** @type {const} */ (["entered", "answered", "inTime", "abandoned"])) sum[key] += quarter[key];
  }
  return { ...sum, serviceLevel: serviceLevel(sum) };
}

/** The day of a moment where the reader sits, as `2026-11-24`. @param {number} atMs @param {string} zone */
export function dayOf(atMs, zone) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(atMs);
}

/**
 * The address of one day's figures; a day that is still running has no end yet.
 *
 * @param {{day: string, today: string, zone: string, format: "json" | "csv"}} asked
 */
export function figuresAddress({ day, today, zone, format }) {
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  /** @type {Record<string, string>} */
  const to = day < today ? { to: next.toISOString().slice(0, 10) } : {};
  return `/api/figures?${new URLSearchParams({ by: "queue", interval: "15", zone, from: day, ...to, format })}`;
}
