/**
 * The server's time, as this page knows it. Timers on the pages count from moments that the server wrote
 * down, so the difference between the two clocks must be known; it is learnt from every message that bears
 * the server's time, and the smallest delay seen counts most.
 */

import { useEffect, useReducer } from "../vendor/preact.js";

/** How long an old sample of the difference stays better than a new, slower one. */
const SAMPLE_LIFE_MS = 60_000;

let offsetMs = 0;
let sampledAtMs = -Infinity;

/** @param {number} serverMs the server's time in a message that has just come in */
export function learnServerTime(serverMs) {
  const here = Date.now();
  const candidate = serverMs - here;
  // A message can only be late: the greatest difference belongs to the fastest message.
  if (candidate > offsetMs || here - sampledAtMs > SAMPLE_LIFE_MS || sampledAtMs === -Infinity) {
    offsetMs = candidate;
    sampledAtMs = here;
  }
}

/** Milliseconds since the epoch on the server's clock. */
export function serverNow() {
  return Date.now() + offsetMs;
}

/** @type {Set<() => void>} */
const watchers = new Set();
let timer = 0;

function tick() {
  for (const watcher of [...watchers]) watcher();
}

/**
 * The server's time, drawn again `everyMs`; all watchers share the timer, so their figures turn together.
 */
export function useNow() {
  const [, draw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  useEffect(() => {
    const watcher = () => draw(0);
    watchers.add(watcher);
    if (watchers.size === 1) timer = window.setInterval(tick, 500);
    return () => {
      watchers.delete(watcher);
      if (!watchers.size) window.clearInterval(timer);
    };
  }, []);
  return serverNow();
}
