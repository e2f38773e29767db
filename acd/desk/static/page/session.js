/**
 * Who sits at this desk: sign-in, the token and its renewal. The token lives in the tab alone
 * (sessionStorage): a reload keeps it, another tab does not see it.
 */

import { createStore } from "./store.js";
import { keep, recall } from "./storage.js";

/** @typedef {{person: string, name: string, role: string, teams: string[], language: string}} Person */
/** @typedef {{token: string, expires_at_ms: number, person: Person}} Session */

/** An answer of the server that is not what was wished for; `code` is stable. */
export class HttpRefusal extends Error {
  /** @param {string} code @param {number} status @param {number} retryAfterS */
  constructor(code, status, retryAfterS) {
    super(`${status} ${code}`);
    this.code = code;
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

/** @type {import("./store.js").Store<Session | null>} */
export const session = createStore(/** @type {Session | null} */ (recall("session", "desk")));

/** Why the last session ended, as a code, so that the sign-in can say it. */
export const endedWhy = createStore("");

/**
 * @param {string} path
 * @param {{token?: string, body?: unknown}} options
 * @returns {Promise<any>}
 */
async function post(path, { token, body }) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method: "POST",
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "omit",
    signal: AbortSignal.timeout(15_000),
  });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw new HttpRefusal(problem.code ?? "internal", answer.status, Number(answer.headers.get("Retry-After") ?? 0));
}

/**
 * Ask the server for something that is not in the live tables.
 *
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function fetchJson(path) {
  return (await get(path)).json();
}

/** The same for what is a text, such as CSV. @param {string} path @returns {Promise<string>} */
export async function fetchText(path) {
  return (await get(path)).text();
}

/** @param {string} path @returns {Promise<Response>} */
async function get(path) {
  const answer = await fetch(path, {
    headers: { Authorization: `Bearer ${session.get()?.token ?? ""}` },
    credentials: "omit",
    signal: AbortSignal.timeout(15_000),
  });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new HttpRefusal(problem.code ?? "internal", answer.status, 0);
}

/** @param {string} name @param {string} password @returns {Promise<Session>} */
export async function signIn(name, password) {
  const opened = await post("/api/sign-in", { body: { name, password } });
  endedWhy.set("");
  remember(opened);
  return opened;
}

/** @returns {Promise<Session | null>} null if there is nothing to renew or the server no longer knows us */
export async function renew() {
  const current = session.get();
  if (!current) return null;
  try {
    const renewed = await post("/api/renew", { token: current.token });
    remember(renewed);
    return renewed;
  } catch (problem) {
    if (problem instanceof HttpRefusal && problem.status === 401) return null;
    throw problem;
  }
}

/** The server is told if it can be reached; here the session is over in any case. */
export async function signOut() {
  const current = session.get();
  forget("");
  if (!current) return;
  try {
    await post("/api/sign-out", { token: current.token });
  } catch (problem) {
    console.warn("the server did not take the sign-out; the token runs out by itself", problem);
  }
}

/** @param {string} why a code of the sign-in's texts */
export function forget(why) {
  endedWhy.set(why);
  keep("session", "desk", null);
  session.set(null);
}

/** @param {Session} opened */
function remember(opened) {
  keep("session", "desk", opened);
  session.set(opened);
}
