import assert from "node:assert/strict";
import { test } from "node:test";

import {
  clockText,
  countdownText,
  durationText,
  estimateText,
  initials,
  momentText,
  shareText,
} from "../../../acd/desk/static/page/format.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test("a clock shows hours only when there are some, and never a negative time", () => {
  assert.equal(clockText(7_999), "0:07");
  assert.equal(clockText(12 * MINUTE + 40_000), "12:40");
  assert.equal(clockText(HOUR + 2 * MINUTE + 5_000), "1:02:05");
  assert.equal(clockText(-4_000), "0:00");
});

test("a countdown shows zero only when the time is over", () => {
  assert.equal(countdownText(1), "0:01");
  assert.equal(countdownText(20_000), "0:20");
  assert.equal(countdownText(19_001), "0:20");
  assert.equal(countdownText(0), "0:00");
});

test("a duration is said as people say it, in both languages", () => {
  assert.equal(durationText(12_400, "en"), "12 secs");
  assert.equal(durationText(180_000, "en"), "3 mins");
  assert.equal(durationText(HOUR + 5 * MINUTE, "en"), "1 hr 5 mins");
  assert.equal(durationText(12_400, "zh"), "12秒");
  assert.equal(durationText(180_000, "zh"), "3分钟");
  assert.equal(durationText(HOUR + 5 * MINUTE, "zh"), "1小时5分钟");
});

test("an estimate is whole minutes, rounded up", () => {
  assert.equal(estimateText(4_000, "en"), "1 min");
  assert.equal(estimateText(61_000, "en"), "2 mins");
  assert.equal(estimateText(61_000, "zh"), "2分钟");
});

test("a moment of today shows no date, an older one does", () => {
  const now = Date.UTC(2026, 10, 23, 12, 0);
  assert.equal(momentText(now - HOUR, now, "en", "UTC"), "11:00");
  assert.match(momentText(now - 26 * HOUR, now, "en", "UTC"), /^Sun,? 22 Nov,? (at )?10:00$/);
  assert.match(momentText(now - 26 * HOUR, now, "zh", "UTC"), /11月22日.*周日.*10:00/);
  assert.match(momentText(now - 400 * 24 * HOUR, now, "en", "UTC"), /2025/);
});

test("a share is whole per cent, rounded down, and unknown is no zero", () => {
  assert.equal(shareText(999), "99 %");
  assert.equal(shareText(0), "0 %");
  assert.equal(shareText(null), "–");
});

test("initials suit both scripts", () => {
  assert.equal(initials("Ann Zhao"), "AZ");
  assert.equal(initials("陈晓东"), "晓东");
  assert.equal(initials("  "), "?");
});
