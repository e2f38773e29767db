import assert from "node:assert/strict";
import { test } from "node:test";

import { applyDelta, applySnapshot, Gap, tableOf } from "../../../acd/desk/static/page/tables.js";

const snapshot = (tables) => applySnapshot({ stream: "s", seq: 40, at_ms: 1000, tables });

test("a snapshot is tables of rows by key", () => {
  const view = snapshot({ offers: [{ offer: 16 }, { offer: 17 }], chat_messages: [{ contact: "c1", number: 2 }] });
  assert.deepEqual([...tableOf(view, "offers").keys()], ["16", "17"]);
  assert.deepEqual([...tableOf(view, "chat_messages").keys()], ["c1/2"]);
  assert.equal(tableOf(view, "tickets").size, 0);
  assert.equal(view.seq, 40);
});

test("a delta replaces whole rows, takes those that are gone, and leaves the other tables as they were", () => {
  const before = snapshot({ offers: [{ offer: 16, queue: "a" }, { offer: 17, queue: "b" }], agents: [{ agent: "ann" }] });
  const after = applyDelta(before, { after: 40, seq: 43, at_ms: 2000, set: { offers: [{ offer: 17 }] }, gone: { offers: ["16"] } });
  assert.deepEqual([...tableOf(after, "offers").values()], [{ offer: 17 }]);
  assert.equal(tableOf(after, "agents"), tableOf(before, "agents"));
  assert.deepEqual([...tableOf(before, "offers").keys()], ["16", "17"]);
  assert.equal(after.seq, 43);
});

test("what is gone goes first: a key that is gone and set again stays", () => {
  const view = applyDelta(snapshot({ offers: [{ offer: 16, old: true }] }), {
    after: 40,
    seq: 41,
    at_ms: 1,
    set: { offers: [{ offer: 16 }] },
    gone: { offers: ["16"] },
  });
  assert.deepEqual([...tableOf(view, "offers").values()], [{ offer: 16 }]);
});

test("a delta that does not follow is a gap", () => {
  const view = snapshot({});
  assert.throws(() => applyDelta(view, { after: 41, seq: 42, at_ms: 1 }), Gap);
});

test("tables that this page does not know do no harm", () => {
  const view = applyDelta(snapshot({ moons: [{ moon: "io" }] }), { after: 40, seq: 41, at_ms: 1, set: { moons: [{ moon: "io" }] } });
  assert.equal(tableOf(view, "moons").size, 0);
});
