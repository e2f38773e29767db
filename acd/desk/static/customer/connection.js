/** The customer's websocket: one visit, kept over reloads and lost connections. */

import { learnServerTime } from "../page/clock.js";
import { keep, recall } from "../page/storage.js";
import { createStore } from "../page/store.js";
import { applyMessage, newestLine, NO_VISIT } from "./visit.js";

/** @typedef {import("./visit.js").Visit} Visit */
/** @typedef {"idle" | "connecting" | "live" | "lost" | "elsewhere" | "refused"} LinkState */
/** @typedef {{name: string, phone: string, language: "en" | "zh"}} Person */

const SUBPROTOCOL = "acd.customer.v1+json";
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 15_000;
const OVERLOADED_MS = 5_000;
const CLOSE = { done: 1000, elsewhere: 4409, tooMany: 4429, bad: 4400 };

/** The page's secret and only proof of who it is; made once. */
function visitor() {
  const known = recall("local", "visitor");
  if (typeof known === "string" && /^[\w-]{22,64}$/.test(known)) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  const made = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  keep("local", "visitor", made);
  return made;
}

/** Where the socket listens: what the page was given, else this host. */
function address() {
  const given = document.querySelector('meta[name="acd-customer-socket"]')?.getAttribute("content");
  return given || `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/customer`;
}

/** One visit of this page. */
export class Connection {
  /** @param {string} entry the entry of the house that this page leads to */
  constructor(entry) {
    this.entry = entry;
    this.visit = createStore(NO_VISIT);
    this.link = createStore(/** @type {LinkState} */ ("idle"));
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Person | null} */
    this.person = recall("local", "visit.person");
    this.tries = 0;
    this.timer = 0;
  }

  /** Whether an earlier page of this browser left a visit that may still be open. */
  hasVisit() {
    return Boolean(recall("local", "visit.contact"));
  }

  /** Begin a new visit. @param {Person} person */
  start(person) {
    this.person = person;
    keep("local", "visit.person", person);
    keep("local", "visit.contact", null);
    this.visit.set(NO_VISIT);
    this.open();
  }

  /** Connect, or connect again; an open visit is taken up where it was. */
  open() {
    window.clearTimeout(this.timer);
    this.drop();
    this.link.set("connecting");
    const socket = new WebSocket(address(), [SUBPROTOCOL]);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.hello()));
    socket.onmessage = (event) => this.socket === socket && this.hear(JSON.parse(event.data));
    socket.onclose = (event) => this.socket === socket && this.lost(event.code);
  }

  hello() {
    const contact = this.visit.get().contact || recall("local", "visit.contact");
    const { name = "", phone = "", language = "en" } = this.person ?? {};
    return {
      type: "hello",
      visitor: visitor(),
      entry: this.entry,
      language,
      ...(name ? { name } : {}),
      ...(phone ? { phone } : {}),
      ...(contact ? { contact, after: newestLine(this.visit.get()) } : {}),
    };
  }

  /** @param {any} message */
  hear(message) {
    if (message.type === "line") learnServerTime(message.at_ms);
    this.visit.set(applyMessage(this.visit.get(), message));
    if (message.type === "welcome") {
      this.tries = 0;
      this.link.set("live");
      keep("local", "visit.contact", message.contact);
      this.sendUnsent();
    } else if (message.type === "ended") {
      keep("local", "visit.contact", null);
    } else if (message.type === "refused" && (message.code === "overloaded" || message.code === "too_fast")) {
      this.timer = window.setTimeout(() => this.sendUnsent(), OVERLOADED_MS);
    }
  }

  /** @param {string} text */
  say(text) {
    const line = { key: crypto.getRandomValues(new Uint32Array(2)).join("-"), text };
    const visit = this.visit.get();
    this.visit.set({ ...visit, unsent: [...visit.unsent, line], refused: "" });
    this.send({ type: "say", ...line });
  }

  /** @param {string} choice @param {number} [turn] of the question that it answers */
  choose(choice, turn) {
    this.send(turn === undefined ? { type: "choose", choice } : { type: "choose", choice, turn });
  }

  leave() {
    this.send({ type: "leave" });
  }

  /** Back to the beginning, after the end. */
  forget() {
    window.clearTimeout(this.timer);
    this.drop();
    keep("local", "visit.contact", null);
    this.visit.set(NO_VISIT);
    this.link.set("idle");
  }

  sendUnsent() {
    for (const { key, text } of this.visit.get().unsent) this.send({ type: "say", key, text });
  }

  /** @param {object} message */
  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** @param {number} code */
  lost(code) {
    this.drop();
    const visit = this.visit.get();
    if (visit.ended || code === CLOSE.done) {
      if (!visit.ended) this.visit.set({ ...visit, ended: { why: "left", ticket: "" } });
      return this.link.set("idle");
    }
    if (code === CLOSE.elsewhere) return this.link.set("elsewhere");
    if (code === CLOSE.bad) return this.link.set("refused");
    const delay = code === CLOSE.tooMany ? 60_000 : Math.min(RETRY_FIRST_MS * 2 ** this.tries, RETRY_MOST_MS);
    this.tries += 1;
    this.link.set("lost");
    this.timer = window.setTimeout(() => this.open(), delay / 2 + (delay / 2) * Math.random());
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close(1000);
  }
}
