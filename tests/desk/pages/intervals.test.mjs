import assert from "node:assert/strict";
import { test } from "node:test";

import { dayOf, figuresAddress, quartersOf, serviceLevel, sumOf } from "../../../acd/desk/static/supervisor/intervals.js";
import { headStartRows, isSpilled } from "../../../acd/desk/static/supervisor/reasons.js";

const line = (start_at, key, queue_counts) => ({ start_at, end_at: "", key, queue_counts });
const PAGE = {
  from_at: "2026-11-24T00:00:00+08:00",
  to_at: "2026-11-24T01:00:00+08:00",
  until_at: "2026-11-24T00:40:00+08:00",
  lines: [
    line("2026-11-24T00:00:00+08:00", "a", { entered: 10, answered: 9, answered_in_time: 6, abandoned: 1 }),
    line("2026-11-24T00:00:00+08:00", "b", { entered: 2, answered: 2, answered_in_time: 2, abandoned: 0 }),
    line("2026-11-24T00:30:00+08:00", "b", { entered: 1, answered: 0, answered_in_time: 0, abandoned: 0 }),
  ],
};

test("every quarter that has begun stands there, with those that were left out as 0, and none of the future", () => {
  const quarters = quartersOf(PAGE, "");
  assert.deepEqual(quarters.map((one) => one.entered), [12, 0, 1]);
  assert.equal(quarters[1].atMs, Date.parse("2026-11-24T00:15:00+08:00"));
  assert.deepEqual(quarters.map((one) => one.serviceLevel), [666, null, null]);
});

test("one queue is counted alone", () => {
  assert.deepEqual(quartersOf(PAGE, "b").map((one) => one.answered), [2, 0, 0]);
  assert.deepEqual(quartersOf(PAGE, "b").map((one) => one.serviceLevel), [1000, null, null]);
});

test("the service level of a day comes from sums of counts, not from a mean of shares", () => {
  const day = sumOf([
    { entered: 100, answered: 100, inTime: 10, abandoned: 0 },
    { entered: 1, answered: 1, inTime: 1, abandoned: 0 },
  ]);
  assert.equal(day.serviceLevel, 108);
  assert.equal(serviceLevel({ answered: 0, inTime: 0, abandoned: 0 }), null);
});

test("a past day is asked for with its end, over the end of a month; the running day without", () => {
  const asked = (day) => new URL(figuresAddress({ day, today: "2026-12-01", zone: "Asia/Shanghai", format: "json" }), "http://x").searchParams;
  assert.equal(asked("2026-11-30").get("to"), "2026-12-01");
  assert.equal(asked("2026-12-01").get("to"), null);
  assert.equal(asked("2026-12-01").get("zone"), "Asia/Shanghai");
});

test("a day is the reader's", () => {
  const at = Date.parse("2026-11-24T17:00:00Z");
  assert.equal(dayOf(at, "Asia/Shanghai"), "2026-11-25");
  assert.equal(dayOf(at, "UTC"), "2026-11-24");
});

test("the parts of a head start stand in their order, signed; an unknown one under its own name", () => {
  const t = (key) => key;
  const row = { head_starts: { brand_new: 60_000, manual: -120_000, queue: 60_000, entry: 0 } };
  assert.deepEqual(headStartRows(row, t, "en"), [
    ["head_start_queue", "+1 min"],
    ["head_start_manual", "−2 mins"],
    ["brand_new", "+1 min"],
  ]);
});

test("a contact spills with its region alone", () => {
  const queue = { spilled: ["north"] };
  assert.equal(isSpilled({ region: "north" }, queue), true);
  assert.equal(isSpilled({ region: "south" }, queue), false);
  assert.equal(isSpilled({ region: null }, queue), false);
  assert.equal(isSpilled({ region: "north" }, undefined), false);
});
