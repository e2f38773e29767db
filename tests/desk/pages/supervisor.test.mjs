import assert from "node:assert/strict";
import { test } from "node:test";

import { contactActions } from "../../../acd/desk/static/supervisor/contacts.js";
import { addSample, countDay, countLive, filterAgents, filterContacts, NO_HISTORY } from "../../../acd/desk/static/supervisor/figures.js";
import { completed, inRegion } from "../../../acd/desk/static/supervisor/queues.js";
import { groupRows, isFound, pressColumn, sortRows } from "../../../acd/desk/static/supervisor/sorting.js";

const COLUMNS = [
  { key: "name", value: (row) => row.name },
  { key: "wait", number: true, value: (row) => row.wait },
];
const keyOf = (row) => row.id;
const ids = (rows) => rows.map(keyOf).join("");

test("rows without a value stand last whichever way it is sorted, and ties fall to the key", () => {
  const rows = [{ id: "c", wait: 5 }, { id: "a", wait: null }, { id: "b", wait: 5 }, { id: "d", wait: 9 }];
  assert.equal(ids(sortRows(rows, COLUMNS, { key: "wait", descending: true }, keyOf)), "dbca");
  assert.equal(ids(sortRows(rows, COLUMNS, { key: "wait", descending: false }, keyOf)), "bcda");
});

test("numbers in names sort as numbers", () => {
  const rows = [{ id: "1", name: "agent 10" }, { id: "2", name: "Agent 9" }];
  assert.equal(ids(sortRows(rows, COLUMNS, { key: "name", descending: false }, keyOf)), "21");
});

test("a column's first press sorts its natural way, the second turns it round", () => {
  const first = pressColumn({ key: "name", descending: false }, COLUMNS[1]);
  assert.deepEqual(first, { key: "wait", descending: true });
  assert.deepEqual(pressColumn(first, COLUMNS[1]), { key: "wait", descending: false });
});

test("groups stand by name and keep the order of their rows", () => {
  const groups = groupRows([{ id: "z", g: "west" }, { id: "b", g: "east" }, { id: "a", g: "west" }], (row) => row.g);
  assert.deepEqual(groups.map((group) => [group.group, ids(group.rows)]), [["east", "b"], ["west", "za"]]);
});

test("every word of a search must be there", () => {
  assert.ok(isFound("north ann", ["Ann Zhao", "North", null]));
  assert.ok(isFound("", []));
  assert.ok(!isFound("ann south", ["Ann Zhao", "North"]));
});

const agent = (region, presence, ...states) => ({ region, team: `${region}-care`, presence, is_system: false, work: states.map((state) => ({ state })) });

test("the figures count whom the filter lets through", () => {
  const agents = [agent("north", "ready"), agent("north", "ready", "talking"), agent("south", "not_ready"), agent("south", "signed_out")];
  const contacts = [
    { region: "north", state: "waiting", origin: "inbound", arrived_at_ms: 50 },
    { region: "north", state: "offered", origin: "inbound", arrived_at_ms: 20 },
    { region: "north", state: "waiting", origin: "return_call", arrived_at_ms: 1 },
    { region: "south", state: "assigned", origin: "inbound", arrived_at_ms: 5 },
  ];
  const all = countLive(agents, contacts);
  assert.deepEqual([all.waiting, all.longestArrivedAtMs, all.ready, all.working, all.notReady, all.signedIn], [1, 50, 1, 1, 1, 3]);
  const south = { region: "south", team: "" };
  const part = countLive(filterAgents(agents, south), filterContacts(contacts, south));
  assert.deepEqual([part.waiting, part.longestArrivedAtMs, part.ready, part.signedIn], [0, null, 0, 1]);
  assert.equal(filterAgents(agents, { region: "", team: "north-care" }).length, 2);
});

test("the day's service level is of all queues together, and unknown before anything was counted", () => {
  const row = (answered, answered_in_time, abandoned) => ({ answered, answered_in_time, abandoned });
  assert.equal(countDay([row(90, 80, 10), row(0, 0, 0)]).serviceLevel, 800);
  assert.equal(countDay([row(0, 0, 0)]).serviceLevel, null);
});

test("the chart keeps ten minutes, and a gap where nothing was known", () => {
  let history = NO_HISTORY;
  for (let at = 0; at < 700_000; at += 500) history = addSample(history, at, at < 699_000 ? { waiting: 1, ready: 2 } : null);
  assert.equal(history.at.length, 300);
  assert.equal(history.waiting.at(-1), 1);
  assert.equal(addSample(history, 705_000, null).ready.at(-1), null);
});

test("a queue in one region shows that region's live counts", () => {
  const row = { queue: "q", waiting: 9, ready: 4, answered: 7, regions: { north: { waiting: 2, assigned: 1, signed_in: 3, ready: 1 } } };
  assert.deepEqual([inRegion(row, "north").waiting, inRegion(row, "north").answered], [2, 7]);
  assert.equal(inRegion(row, "west").waiting, 0);
  assert.equal(inRegion(row, ""), row);
});

test("a menu holds only what can be done with this contact by this person", () => {
  const kinds = (row, allowed, canMonitor = true) => contactActions(row, (action) => allowed.includes(action), canMonitor, "sue").map((one) => one.mode ?? one.kind);
  const all = ["move_contact", "set_head_start", "give_contact", "end_contact", "monitor_contact"];
  assert.deepEqual(kinds({ state: "waiting" }, all), ["details", "move", "raise", "assign", "end"]);
  assert.deepEqual(kinds({ state: "waiting" }, []), ["details"]);
  const live = { state: "assigned", assignment: "talking", monitors: {} };
  assert.deepEqual(kinds(live, all), ["details", "monitor", "whisper", "barge", "take_over", "end"]);
  assert.deepEqual(kinds(live, all, false), ["details", "end"]);
  assert.deepEqual(kinds({ ...live, monitors: { sue: "monitor" } }, all), ["details", "leave", "end"]);
});

test("what a queue's row does not say is taken from agents and contacts, and what it says is kept", () => {
  const agents = [{ queues: ["q"], presence: "not_ready", work: [] }, { queues: ["r"], presence: "not_ready", work: [] }];
  const contacts = [{ queue: "q", state: "waiting", estimate_ms: 60_000 }, { queue: "q", state: "waiting", estimate_ms: null }];
  assert.deepEqual(completed({ queue: "q" }, agents, contacts), { queue: "q", not_ready: 1, estimate_ms: 60_000 });
  assert.equal(completed({ queue: "q" }, agents, []).estimate_ms, null);
  assert.deepEqual(completed({ queue: "q", not_ready: 7, estimate_ms: null }, agents, contacts), { queue: "q", not_ready: 7, estimate_ms: null });
});
