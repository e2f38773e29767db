/**
 * A value that components watch. The pages decide nothing: a store holds what the server said, or what the
 * person in front of the page has chosen to look at.
 */

import { useEffect, useReducer, useRef } from "../vendor/preact.js";

/**
 * @template T
 * @typedef {object} Store
 * @property {() => T} get
 * @property {(value: T) => void} set tells the watchers unless the value is the same one
 * @property {(watcher: () => void) => (() => void)} watch returns the way to stop watching
 */

/**
 * @template T
 * @param {T} initial
 * @returns {Store<T>}
 */
export function createStore(initial) {
  let value = initial;
  /** @type {Set<() => void>} */
  const watchers = new Set();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const watcher of [...watchers]) watcher();
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}

/**
 * Draw the component again whenever the chosen part of a store changes.
 *
 * @template T, [S=T]
 * @param {Store<T>} store
 * @param {(value: T) => S} [choose] must return the same object for the same state, or it draws for ever
 * @returns {S}
 */
export function useStore(store, choose) {
  const [, draw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  const chosen = choose ? choose(store.get()) : /** @type {any} */ (store.get());
  const last = useRef({ chosen, choose });
  last.current = { chosen, choose };
  useEffect(() => {
    const look = () => {
      const { chosen: before, choose: pick } = last.current;
      const after = pick ? pick(store.get()) : store.get();
      if (!Object.is(before, after)) draw(0);
    };
    look();
    return store.watch(look);
  }, [store]);
  return chosen;
}
