/**
 * The desk's websocket as PROTOCOL.md describes it: hello, snapshot and deltas, actions with their answers,
 * heartbeats, and connecting again where it was left off.
 */

import { learnServerTime, serverNow } from "./clock.js";
import { forget, renew, session } from "./session.js";
import { createStore } from "./store.js";
import { applyDelta, applySnapshot, EMPTY_VIEW } from "./tables.js";

/** @typedef {"connecting" | "live" | "lost" | "replaced" | "forbidden" | "closed"} LinkState */
/**
 * @typedef {object} Connection
 * @property {LinkState} state `lost`: connecting again by itself; `replaced`, `forbidden`: waits for the person
 * @property {number} sinceMs this machine's clock
 * @property {number} heardMs when the last message came, this machine's clock
 * @property {number} retryAtMs when `lost`: the next try, this machine's clock
 */
/** @typedef {{code: string, found: string, expected: string}} Refusal */

const SUBPROTOCOL = "acd.desk.v1+json";
const RETRY_FIRST_MS = 200;
const RETRY_MOST_MS = 10_000;
const ANSWER_LIMIT_MS = 15_000;
const CLOSE = { unauthorized: 4401, forbidden: 4403, replaced: 4409, tooMany: 4429 };

/**
 * How long to wait before the next try: doubled each time, with a random part of a half, so that a thousand
 * desks do not come back in the same moment.
 *
 * @param {number} tries failed ones so far
 * @param {number} chance 0 to 1
 */
export function retryDelay(tries, chance) {
  const whole = Math.min(RETRY_FIRST_MS * 2 ** tries, RETRY_MOST_MS);
  return whole / 2 + (whole / 2) * chance;
}

/** One view of the desk, kept up to date for as long as somebody is signed in. */
export class Desk {
  /** @param {"agent" | "supervisor"} view */
  constructor(view) {
    this.viewName = view;
    this.view = createStore(EMPTY_VIEW);
    this.connection = createStore(
      /** @type {Connection} */ ({ state: "connecting", sinceMs: Date.now(), heardMs: 0, retryAtMs: 0 }),
    );
    /** @type {import("./store.js").Store<any>} the server's welcome, null before the first */
    this.welcome = createStore(null);
    /** @type {WebSocket | null} */
    this.socket = null;
    this.tries = 0;
    this.retryTimer = 0;
    this.renewTimer = 0;
    this.silenceTimer = 0;
    this.actionCount = 0;
    this.actionPrefix = Math.random().toString(36).slice(2, 10);
    /** @type {Map<string, {message: any, resolve: (answer: Refusal | null) => void, timer: number}>} */
    this.unanswered = new Map();
  }

  /** Connect, now. Also what "try now" and "take over here" do. */
  open() {
    window.clearTimeout(this.retryTimer);
    const current = session.get();
    if (!current) return;
    this.drop();
    this.mark("connecting");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/desk`, [SUBPROTOCOL]);
    this.socket = socket;
    const { stream, seq } = this.view.get();
    socket.onopen = () => {
      const hello = { type: "hello", token: session.get()?.token ?? current.token, view: this.viewName };
      socket.send(JSON.stringify(stream ? { ...hello, resume: { stream, seq } } : hello));
    };
    socket.onmessage = (event) => this.socket === socket && this.hear(JSON.parse(event.data));
    socket.onclose = (event) => this.socket === socket && this.lost(event.code);
    this.watchSilence(10_000);
  }

  /** Leave for good: signed out. */
  close() {
    window.clearTimeout(this.retryTimer);
    window.clearTimeout(this.renewTimer);
    this.drop();
    for (const waiting of this.unanswered.values()) {
      window.clearTimeout(waiting.timer);
      waiting.resolve({ code: "connection_lost", found: "", expected: "" });
    }
    this.unanswered.clear();
    this.view.set(EMPTY_VIEW);
    this.mark("closed");
  }

  /**
   * Ask for something. Resent after a reconnect under the same id, so it happens once however often it travels.
   *
   * @param {string} type
   * @param {Record<string, unknown>} fields
   * @returns {Promise<Refusal | null>} null: done and durable
   */
  act(type, fields = {}) {
    this.actionCount += 1;
    const id = `${this.actionPrefix}-${this.actionCount}`;
    const message = { type, id, ...fields };
    return new Promise((resolve) => {
      const timer = window.setTimeout(() => {
        this.unanswered.delete(id);
        resolve({ code: "no_answer_from_server", found: "", expected: "" });
      }, ANSWER_LIMIT_MS);
      this.unanswered.set(id, { message, resolve, timer });
      if (this.connection.get().state === "live") this.send(message);
    });
  }

  /** @param {object} message */
  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** @param {any} message */
  hear(message) {
    const connection = this.connection.get();
    this.connection.set({ ...connection, heardMs: Date.now() });
    this.watchSilence(this.welcome.get()?.silence_ms ?? 10_000);
    if (typeof message.at_ms === "number" && message.at_ms > 0) learnServerTime(message.at_ms);
    if (message.type === "welcome") this.welcomed(message);
    else if (message.type === "snapshot") this.view.set(applySnapshot(message));
    else if (message.type === "delta") this.changed(message);
    else if (message.type === "heartbeat") this.send({ type: "heartbeat", at_ms: Math.round(serverNow()) });
    else if (message.type === "done") this.answered(message.id, null);
    else if (message.type === "refused") this.answered(message.id, message);
  }

  /** @param {any} message */
  welcomed(message) {
    this.tries = 0;
    this.welcome.set(message);
    this.mark("live");
    this.planRenewal(message.token_expires_at_ms);
    for (const { message: action } of this.unanswered.values()) this.send(action);
  }

  /** @param {any} message */
  changed(message) {
    try {
      this.view.set(applyDelta(this.view.get(), message));
    } catch (problem) {
      console.warn("the view has a gap; connecting anew", problem);
      this.view.set({ ...this.view.get(), stream: "" });
      this.open();
    }
  }

  /** @param {string} id @param {Refusal | null} refusal */
  answered(id, refusal) {
    const waiting = this.unanswered.get(id);
    if (!waiting) return;
    window.clearTimeout(waiting.timer);
    this.unanswered.delete(id);
    waiting.resolve(refusal);
  }

  /** @param {number} code close code of the socket */
  lost(code) {
    this.drop();
    if (!session.get()) return this.mark("closed");
    if (code === CLOSE.unauthorized) return void this.reviveSession();
    if (code === CLOSE.replaced) return this.mark("replaced");
    if (code === CLOSE.forbidden) return this.mark("forbidden");
    this.retryIn(code === CLOSE.tooMany ? 10_000 : retryDelay(this.tries, Math.random()));
  }

  /** @param {number} delayMs */
  retryIn(delayMs) {
    this.tries += 1;
    this.mark("lost", Date.now() + delayMs);
    this.retryTimer = window.setTimeout(() => this.open(), delayMs);
  }

  /** The token was not taken: a newer one, or back to the sign-in. */
  async reviveSession() {
    const renewed = this.tries < 3 ? await renew().catch(() => undefined) : null;
    if (renewed === null) forget("session_over");
    else this.retryIn(retryDelay(this.tries, Math.random()));
  }

  /** @param {number} expiresAtMs */
  planRenewal(expiresAtMs) {
    window.clearTimeout(this.renewTimer);
    const delay = Math.max(5_000, ((expiresAtMs - serverNow()) * 2) / 3);
    this.renewTimer = window.setTimeout(() => void this.renewToken(), delay);
  }

  async renewToken() {
    try {
      const renewed = await renew();
      if (!renewed) return forget("session_over");
      this.send({ type: "renew_token", token: renewed.token });
      this.planRenewal(renewed.expires_at_ms);
    } catch (problem) {
      console.warn("the token could not be renewed yet", problem);
      this.planRenewal(serverNow() + 15_000);
    }
  }

  /** @param {number} silenceMs */
  watchSilence(silenceMs) {
    window.clearTimeout(this.silenceTimer);
    this.silenceTimer = window.setTimeout(() => this.lost(4408), silenceMs);
  }

  drop() {
    window.clearTimeout(this.silenceTimer);
    const socket = this.socket;
    this.socket = null;
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close(1000);
  }

  /** @param {LinkState} state @param {number} [retryAtMs] */
  mark(state, retryAtMs = 0) {
    const before = this.connection.get();
    const sinceMs = before.state === state ? before.sinceMs : Date.now();
    this.connection.set({ ...before, state, sinceMs, retryAtMs });
  }
}
