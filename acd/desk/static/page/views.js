/** How components read a desk's tables, and a store that turns slowly enough for eyes. */

import { useEffect, useReducer, useRef } from "../vendor/preact.js";
import { createStore, useStore } from "./store.js";
import { tableOf } from "./tables.js";

/** @typedef {import("./tables.js").Row} Row */
/** @typedef {import("./store.js").Store<import("./tables.js").View>} ViewStore */

/**
 * @param {ViewStore} view
 * @param {string} name
 * @returns {import("./tables.js").Table} the same object until the table changes
 */
export function useTable(view, name) {
  return useStore(view, (now) => tableOf(now, name));
}

/**
 * A store that follows another one, at most once in `everyMs`: sixty agents may change thirty times a second,
 * and no table can be read that does.
 *
 * @template T
 * @param {import("./store.js").Store<T>} store
 * @param {number} everyMs
 * @returns {import("./store.js").Store<T>}
 */
export function calm(store, everyMs) {
  const slow = createStore(store.get());
  let timer = 0;
  let turnedAtMs = 0;
  const turn = () => {
    timer = 0;
    turnedAtMs = Date.now();
    slow.set(store.get());
  };
  store.watch(() => {
    if (timer) return;
    timer = window.setTimeout(turn, Math.max(0, turnedAtMs + everyMs - Date.now()));
  });
  return slow;
}

/**
 * Call `look` once for each key that is new in a table after the first drawing.
 *
 * @param {import("./tables.js").Table} table
 * @param {(row: Row) => void} look
 */
export function useArrivals(table, look) {
  const known = useRef(/** @type {Set<string> | null} */ (null));
  useEffect(() => {
    const before = known.current;
    known.current = new Set(table.keys());
    if (before) for (const [key, row] of table) if (!before.has(key)) look(row);
  }, [table]);
}

/** @returns {() => void} draws the calling component again */
export function useRedraw() {
  const [, draw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  return () => draw(0);
}
