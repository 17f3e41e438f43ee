import assert from "node:assert/strict";
import { test } from "node:test";
import { ACK_WITHIN, Link, RESEND_AFTER, RESEND_AT_MOST } from "../page/link.js";

// end is a link with what it sent and what it was given, as lists that can be taken.
function end() {
  const sent = [], got = [];
  const link = new Link(signal => sent.push(signal), data => got.push(data));
  return { link, sent, got, take: () => sent.splice(0) };
}

test("signals are numbered, acknowledged and then forgotten", () => {
  const a = end(), b = end();
  a.link.resume(0), b.link.resume(0);
  a.link.signal("one", 0), a.link.signal("two", 0);
  assert.deepEqual(a.sent, [{ seq: 1, data: "one" }, { seq: 2, data: "two" }]);
  for (const signal of a.take()) b.link.receive(signal, 10);
  assert.deepEqual(b.got, ["one", "two"]);
  assert.deepEqual(b.sent, []); // not each by itself
  assert.equal(b.link.due, 10 + ACK_WITHIN);
  b.link.tick(10 + ACK_WITHIN);
  assert.deepEqual(b.sent, [{ ack: 2 }]);
  assert.equal(b.link.due, null);
  a.link.receive(b.take()[0], 80);
  assert.equal(a.link.unacknowledged, 0);
  assert.equal(a.link.due, null);
});

test("an acknowledgement travels with the next signal", () => {
  const b = end();
  b.link.resume(0);
  b.link.receive({ seq: 1, data: "one" }, 0);
  b.link.signal("answer", 1);
  assert.deepEqual(b.take(), [{ seq: 1, data: "answer", ack: 1 }]);
  b.link.tick(ACK_WITHIN);
  assert.deepEqual(b.sent, []);
});

test("what is not acknowledged is sent again, later each time", () => {
  const a = end();
  a.link.resume(0);
  a.link.signal("one", 0), a.link.signal("two", 0);
  a.take();
  let now = 0;
  for (const after of [3000, 6000, 12_000, 24_000, RESEND_AT_MOST, RESEND_AT_MOST]) {
    assert.equal(a.link.due, now + after);
    a.link.tick(now + after - 1);
    assert.deepEqual(a.sent, []);
    a.link.tick(now += after);
    assert.deepEqual(a.take().map(({ seq }) => seq), [1, 2]);
  }
  a.link.receive({ ack: 1 }, now); // progress: the patience starts anew
  assert.equal(a.link.due, now + RESEND_AFTER);
  a.link.tick(now + RESEND_AFTER);
  assert.deepEqual(a.take(), [{ seq: 2, data: "two" }]);
});

test("duplicates and early ones are not delivered, and are acknowledged", () => {
  const b = end();
  b.link.resume(0);
  b.link.receive({ seq: 2, data: "two" }, 0);
  b.link.receive({ seq: 1, data: "one" }, 0);
  b.link.receive({ seq: 1, data: "one" }, 0);
  assert.deepEqual(b.got, ["one"]);
  b.link.tick(ACK_WITHIN);
  assert.deepEqual(b.take(), [{ ack: 1 }]);
  b.link.receive({ seq: 1, data: "one" }, 500); // its acknowledgement was lost
  b.link.tick(500 + ACK_WITHIN);
  assert.deepEqual(b.take(), [{ ack: 1 }]);
  b.link.receive({ seq: 2, data: "two" }, 600);
  assert.deepEqual(b.got, ["one", "two"]);
});

test("a paused link sends nothing, takes what comes, and sends everything when it is open again", () => {
  const a = end();
  a.link.signal("before", 0);
  assert.deepEqual(a.take(), []);
  a.link.resume(1);
  assert.deepEqual(a.take(), [{ seq: 1, data: "before" }]);
  a.link.pause();
  a.link.signal("meanwhile", 2);
  a.link.receive({ seq: 1, data: "hello" }, 3);
  a.link.tick(100_000);
  assert.deepEqual(a.take(), []);
  assert.equal(a.link.due, null);
  assert.deepEqual(a.got, ["hello"]);
  a.link.resume(100_000);
  assert.deepEqual(a.take(), [{ seq: 1, data: "before", ack: 1 }, { seq: 2, data: "meanwhile", ack: 1 }]);
});

test("an open link with nothing to send again says what it has taken", () => {
  const b = end();
  b.link.resume(0);
  b.link.receive({ seq: 1, data: "one" }, 0);
  b.link.pause(); // before the acknowledgement
  b.link.resume(10);
  assert.deepEqual(b.take(), [{ ack: 1 }]);
});

test("an acknowledgement of what was never sent is nothing", () => {
  const a = end();
  a.link.resume(0);
  a.link.signal("one", 0);
  a.link.receive({ ack: 9 }, 0);
  assert.equal(a.link.unacknowledged, 1);
});

test("another session is another link: numbers start at 1 on both sides", () => {
  const before = end(), a = end(), b = end();
  before.link.resume(0);
  before.link.signal("to the old session", 0);
  a.link.resume(0), b.link.resume(0);
  a.link.signal("to the new session", 0);
  b.link.receive(a.take()[0], 0);
  assert.deepEqual(b.got, ["to the new session"]);
});

// mulberry32: chance that can be repeated.
function chance(seed) {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

// Two links over a network that loses, doubles, delays and reorders, with ends that
// are away at times: everything arrives once, in its order, and then there is silence.
function schedule(seed) {
  const random = chance(seed), wire = []; // {at, to, signal}
  let now = 0;
  const sides = [0, 1].map(i => {
    const got = [];
    const link = new Link(signal => {
      for (let copies = random() < 0.1 ? 2 : 1; copies > 0; copies--) {
        if (random() < 0.3) continue;
        wire.push({ at: now + Math.floor(random() * 400), to: 1 - i, signal: structuredClone(signal) });
      }
    }, data => got.push(data));
    return { link, got, sent: 0 };
  });
  const count = 40, deadline = 60 * 60_000;
  for (const { link } of sides) link.resume(now);
  while (now < deadline) {
    const busy = sides.some(({ sent }) => sent < count);
    if (!busy && wire.length === 0 && sides.every(({ link }) => link.state === "open" && link.due === null)) break;
    now += 20;
    for (const side of sides) {
      if (side.sent < count && random() < 0.1) side.link.signal(++side.sent, now);
      if (random() < (busy ? 0.005 : 0)) side.link.pause();
      if (side.link.state === "paused" && random() < 0.05) side.link.resume(now);
      if (side.link.due !== null && side.link.due <= now) side.link.tick(now);
    }
    for (const arrived of wire.filter(({ at }) => at <= now)) {
      wire.splice(wire.indexOf(arrived), 1);
      sides[arrived.to].link.receive(arrived.signal, now);
    }
  }
  const all = Array.from({ length: count }, (_, i) => i + 1);
  for (const { link, got } of sides) {
    assert.deepEqual(got, all, `seed ${seed}`);
    assert.equal(link.unacknowledged, 0, `seed ${seed}`);
  }
  assert.ok(now < deadline, `seed ${seed}: no silence`);
}

test("a lossy network, 300 schedules", () => {
  for (let seed = 1; seed <= 300; seed++) schedule(seed);
});
