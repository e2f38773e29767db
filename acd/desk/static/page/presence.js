/** What an agent is doing, in one word. Pure. */

/** @typedef {import("./tables.js").Row} Row */

/**
 * The presence as one word for colour and shape: what the agent does goes before what they declared.
 *
 * @param {Row} agent a row of `me` or `agents`
 * @returns {"talking" | "held" | "offered" | "wrap_up" | "ready" | "system" | "not_ready" | "signed_out"}
 */
export function doing(agent) {
  const states = new Set((agent.work ?? []).map((/** @type {Row} */ work) => work.state));
  if (states.has("talking") || states.has("connecting")) return "talking";
  if (states.has("held")) return "held";
  if (states.has("offered")) return "offered";
  if (states.has("wrap_up")) return "wrap_up";
  if (agent.presence === "not_ready" && agent.is_system) return "system";
  return agent.presence;
}

/** Since when the agent does what they do: the work in hand, else the presence. @param {Row} row */
export function sinceOf(row) {
  return row.work.length ? Math.max(...row.work.map((/** @type {Row} */ work) => work.since_at_ms)) : row.since_at_ms;
}
