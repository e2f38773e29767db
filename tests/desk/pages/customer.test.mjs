import assert from "node:assert/strict";
import { test } from "node:test";

import { stageTexts } from "../../../acd/desk/static/customer/conversation.js";
import { TEXTS } from "../../../acd/desk/static/customer/i18n.js";
import { applyMessage, canSay, newestLine, NO_VISIT, shownText, stageOf } from "../../../acd/desk/static/customer/visit.js";
import { translator } from "../../../acd/desk/static/page/i18n.js";

const line = (number, by, key = "") => ({ type: "line", number, by, text: `line ${number}`, at_ms: number, name: "", key, choices: [] });
const place = (state, more = {}) => ({ type: "state", state, position: 0, estimate_ms: null, agent: "", queue: "q", ...more });
const welcome = (more = {}) => ({ type: "welcome", contact: "web-1", is_new: true, language: "en", lines: [], state: place("waiting"), question: null, limits: { text_max: 4000 }, ...more });
const after = (...messages) => messages.reduce(applyMessage, NO_VISIT);

test("each line is drawn once, in order, however often it comes", () => {
  const visit = after(welcome({ lines: [line(1, "house")] }), line(3, "agent"), line(2, "customer"), line(3, "agent"));
  assert.deepEqual(visit.lines.map((one) => one.number), [1, 2, 3]);
  assert.equal(newestLine(visit), 3);
});

test("a reconnect adds what was missed; another visit begins anew", () => {
  const visit = after(welcome(), line(1, "house"), welcome({ is_new: false, lines: [line(2, "agent")] }));
  assert.equal(visit.lines.length, 2);
  assert.equal(applyMessage(visit, welcome({ contact: "web-2" })).lines.length, 0);
});

test("an own line is shown as sent only when the server gave it a number", () => {
  const sent = { ...after(welcome()), unsent: [{ key: "k1", text: "a" }, { key: "k2", text: "b" }] };
  assert.deepEqual(applyMessage(sent, line(1, "customer", "k1")).unsent, [{ key: "k2", text: "b" }]);
  assert.equal(applyMessage(sent, { type: "refused", code: "too_long", key: "k1" }).unsent.length, 1);
  assert.equal(applyMessage(sent, { type: "refused", code: "overloaded", key: "k1" }).unsent.length, 2);
});

test("a question goes with its own turn and not with an older one", () => {
  const asked = after(welcome(), { type: "question", turn: 4, action: "intake", text: "?", choices: [] });
  assert.equal(applyMessage(asked, { type: "question_over", turn: 3 }).question?.turn, 4);
  assert.equal(applyMessage(asked, { type: "question_over", turn: 4 }).question, null);
});

test("the end keeps the ticket's number and closes the box", () => {
  const visit = after(welcome(), { type: "ended", why: "ticket", ticket: "10023" });
  assert.equal(stageOf(visit), "ended");
  assert.equal(visit.ended?.ticket, "10023");
  assert.ok(!canSay(visit));
  assert.ok(canSay(after(welcome())));
  assert.ok(!canSay(NO_VISIT));
});

test("position and estimate are said when they are known, and nothing is said when they are not", () => {
  const t = translator(TEXTS, "en");
  const said = (more) => stageTexts(after(welcome({ state: place("waiting", more) })), t, "en");
  assert.deepEqual(said({ position: 7, estimate_ms: 170_000 }), ["You are number 7 in line.", "About 3 mins to wait."]);
  assert.deepEqual(said({ position: 1 }), ["You are next."]);
  assert.deepEqual(said({}), ["You are in line. We are looking for somebody for you."]);
});

test("a pressed button is shown by its label, a written line as it was written", () => {
  const asked = { ...line(1, "bot"), choices: [{ value: "order", label: "An order or a delivery" }] };
  const lines = [asked, { ...line(2, "customer"), text: "order" }, { ...line(3, "customer"), text: "order" }];
  assert.deepEqual(lines.map((_, index) => shownText(lines, index)), ["line 1", "An order or a delivery", "order"]);
});
