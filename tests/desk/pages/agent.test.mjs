import assert from "node:assert/strict";
import { test } from "node:test";

import { dispositionText, dispositionTree } from "../../../acd/desk/static/agent/dispositions.js";
import { chooseSelected, replyState, replyUrgency, sortWork } from "../../../acd/desk/static/agent/work_list.js";
import { customerName, customerNumbers } from "../../../acd/desk/static/page/customers.js";
import { retryDelay } from "../../../acd/desk/static/page/desk.js";
import { doing, sinceOf } from "../../../acd/desk/static/page/presence.js";
import { ageOfState } from "../../../acd/desk/static/page/sign_in.js";

const table = (...rows) => new Map(rows.map((row) => [String(row.offer), row]));
const t = (key, parameters = {}) => [key, ...Object.values(parameters)].join(" ");

const DISPOSITIONS = [
  { path: "delivery/late", label: { en: "Late", zh: "延迟" }, solves: false },
  { path: "other", label: { en: "Other", zh: "其他" }, solves: false },
  { path: "delivery/lost_parcel", label: {}, solves: true },
];

test("dispositions stand in branches, in the order of the configuration", () => {
  const tree = dispositionTree(DISPOSITIONS, "zh");
  assert.deepEqual(tree.map((branch) => [branch.text, branch.leaves.map((leaf) => leaf.text)]), [
    ["Delivery", ["延迟", "Lost parcel"]],
    ["", ["其他"]],
  ]);
});

test("a search keeps what bears the letters in its branch or in its own name", () => {
  assert.deepEqual(dispositionTree(DISPOSITIONS, "en", "LATE").flatMap((branch) => branch.leaves.map((leaf) => leaf.path)), ["delivery/late"]);
  assert.equal(dispositionTree(DISPOSITIONS, "en", "deliv")[0].leaves.length, 2);
  assert.equal(dispositionTree(DISPOSITIONS, "en", "zebra").length, 0);
});

test("a disposition that is no longer configured is still readable", () => {
  assert.equal(dispositionText(DISPOSITIONS, "delivery/late", "zh"), "延迟");
  assert.equal(dispositionText(DISPOSITIONS, "gone/for_good", "en"), "Gone › For good");
});

test("talks stand before wrap-up, and the page goes on showing what it showed", () => {
  const work = table({ offer: 3, state: "wrap_up" }, { offer: 9, state: "talking" }, { offer: 5, state: "held" });
  assert.deepEqual(sortWork(work).map((row) => row.offer), [5, 9, 3]);
  assert.equal(chooseSelected(work, 3), 3);
  assert.equal(chooseSelected(work, 4), 9);
  assert.equal(chooseSelected(table(), 4), 0);
});

test("a customer waits for a reply since their first line after the agent's last", () => {
  const line = (number, by, at_ms) => ({ number, by, at_ms });
  const lines = [line(1, "customer", 100), line(2, "agent", 200), line(3, "customer", 300), line(4, "customer", 400), line(5, "house", 500)];
  assert.deepEqual(replyState(lines, 3), { unread: 1, unansweredSince: 300 });
  assert.deepEqual(replyState(lines.slice(0, 2), 0), { unread: 1, unansweredSince: null });
  assert.equal(replyUrgency(0, 59_999), "");
  assert.equal(replyUrgency(0, 60_000), "warning");
  assert.equal(replyUrgency(0, 100_000), "alarm");
  assert.equal(replyUrgency(null, 100_000), "");
});

test("what an agent does goes before what they declared", () => {
  const row = (presence, states, is_system = false) => ({ presence, is_system, since_at_ms: 10, work: states.map((state) => ({ state, since_at_ms: 70 })) });
  assert.equal(doing(row("ready", ["wrap_up", "talking"])), "talking");
  assert.equal(doing(row("not_ready", ["wrap_up"])), "wrap_up");
  assert.equal(doing(row("not_ready", [], true)), "system");
  assert.equal(doing(row("ready", [])), "ready");
  assert.equal(sinceOf(row("ready", [])), 10);
  assert.equal(sinceOf(row("ready", ["held"])), 70);
});

test("a customer is named by the best we have, and each number is shown once", () => {
  const row = { display: "", identities: ["chat:x", "tel:+86138****8000"], number: "+86138****8000" };
  assert.equal(customerName(row, t), "+86138****8000");
  assert.deepEqual(customerNumbers(row, t), ["web_visitor"]);
  assert.equal(customerName({ display: "", identities: [], number: "" }, t), "unknown_customer");
});

test("desks come back spread over time, and never later than ten seconds", () => {
  assert.equal(retryDelay(0, 0), 100);
  assert.equal(retryDelay(0, 1), 200);
  assert.equal(retryDelay(40, 1), 10_000);
});

test("the state has an age only when nothing was heard", () => {
  const connection = { state: "live", sinceMs: 0, heardMs: 10_000, retryAtMs: 0 };
  assert.equal(ageOfState(connection, 15_000), 0);
  assert.equal(ageOfState(connection, 17_000), 7_000);
  assert.equal(ageOfState({ ...connection, state: "lost" }, 11_000), 1_000);
});
