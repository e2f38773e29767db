/** One visit as the page knows it: the line, the words, the question. Pure: messages in, a new visit out. */

/** @typedef {{number: number, by: string, text: string, at_ms: number, name: string, key: string, choices: Choice[]}} Line */
/** @typedef {{value: string, label: string}} Choice */
/** @typedef {{state: string, position: number, estimate_ms: number | null, agent: string, queue: string}} Place */
/** @typedef {{turn: number, action: string, text: string, choices: Choice[]}} Question */
/** @typedef {{key: string, text: string}} Unsent a line of ours that has not come back yet */

/**
 * @typedef {object} Visit
 * @property {string} contact "" before the server has said one
 * @property {readonly Line[]} lines in order, each number once
 * @property {Place | null} place
 * @property {Question | null} question
 * @property {{why: string, ticket: string} | null} ended
 * @property {readonly Unsent[]} unsent
 * @property {string} refused the last code, "" when there is nothing to say
 * @property {number} textMax
 */

/** @type {Visit} */
export const NO_VISIT = {
  contact: "",
  lines: [],
  place: null,
  question: null,
  ended: null,
  unsent: [],
  refused: "",
  textMax: 4000,
};

/** @param {Visit} visit @returns {number} number of the newest line, 0 if there is none */
export function newestLine(visit) {
  return visit.lines.length ? visit.lines[visit.lines.length - 1].number : 0;
}

/** @param {readonly Line[]} lines @param {readonly Line[]} more @returns {Line[]} */
function mergeLines(lines, more) {
  const byNumber = new Map(lines.map((line) => [line.number, line]));
  for (const line of more) byNumber.set(line.number, line);
  return [...byNumber.values()].sort((a, b) => a.number - b.number);
}

/** @param {Visit} visit @param {readonly Line[]} more @returns {Visit} */
function withLines(visit, more) {
  const came = new Set(more.map((line) => line.key).filter(Boolean));
  return {
    ...visit,
    lines: mergeLines(visit.lines, more),
    unsent: visit.unsent.filter((line) => !came.has(line.key)),
  };
}

/**
 * @param {Visit} visit
 * @param {any} message of the server, as telephony_adapters/web/PROTOCOL.md describes it
 * @returns {Visit}
 */
export function applyMessage(visit, message) {
  switch (message.type) {
    case "welcome": {
      const known = visit.contact === message.contact ? visit : { ...NO_VISIT, unsent: visit.unsent };
      const next = withLines(known, message.lines);
      const { state: place, question, contact } = message;
      return { ...next, contact, place, question: question ?? null, textMax: message.limits?.text_max ?? 4000, refused: "" };
    }
    case "line":
      return { ...withLines(visit, [message]), refused: "" };
    case "state":
      return { ...visit, place: message };
    case "question":
      return { ...visit, question: message };
    case "question_over":
      return visit.question && visit.question.turn <= message.turn ? { ...visit, question: null } : visit;
    case "ended":
      return { ...visit, ended: { why: message.why, ticket: message.ticket ?? "" }, question: null, unsent: [] };
    case "refused": {
      // Only what can succeed later stays to be sent again.
      const keeps = message.code === "overloaded" || message.code === "too_fast";
      const unsent = keeps ? visit.unsent : visit.unsent.filter((line) => line.key !== message.key);
      return { ...visit, unsent, refused: message.code };
    }
    default:
      return visit; // A newer server may say more than this page knows.
  }
}

/**
 * What a line says to whoever wrote it: the label of the button that they pressed, where it was one.
 *
 * @param {readonly Line[]} lines
 * @param {number} index
 */
export function shownText(lines, index) {
  const line = lines[index];
  if (line.by !== "customer" || index === 0) return line.text;
  return lines[index - 1].choices.find((choice) => choice.value === line.text)?.label ?? line.text;
}

/** @param {Visit} visit @returns {"none" | "waiting" | "bot" | "connecting" | "talking" | "held" | "ended"} what the page shows */
export function stageOf(visit) {
  if (visit.ended) return "ended";
  if (!visit.contact || !visit.place) return "none";
  return /** @type {any} */ (visit.place.state);
}

/** Whether the customer may write now: to a person, to the bot, and ahead of both while waiting. @param {Visit} visit */
export function canSay(visit) {
  return !["none", "ended"].includes(stageOf(visit));
}
