import assert from "node:assert/strict";
import { test } from "node:test";
import { contradicts, gist, gistOfPreview, previewWithoutKey, title, withoutKey } from "../page/trace-message.js";
import { TracePairing } from "../page/trace-pairing.js";
import { TraceClock } from "../page/trace-clock.js";

const sdp = `v=0\r\n${"a=candidate\r\n".repeat(100)}`;
const offer = { type: "signal", to: "a1", session: 5, seq: 3, data: { description: { type: "offer", sdp } }, ack: 2 };
const nameOf = id => ({ a1: "Ada" })[id] ?? id;

test("messages in words", () => {
  for (const [message, direction, words, kind] of [
    [{ type: "join", name: "Zoë" }, "up", "join", "member"],
    [{ type: "welcome", id: "z", peers: [] }, "down", "welcome", "member"],
    [{ type: "peer", id: "a1", state: "away" }, "down", "peer Ada away", "member"],
    [{ type: "gone", to: "a1", seq: 4 }, "down", "gone 4 to Ada", "member"],
    [offer, "up", "offer 3 to Ada, acknowledges 2", "description"],
    [{ type: "signal", from: "a1", seq: 1, data: { candidate: { candidate: "x" } } }, "down", "candidate 1 from Ada", "candidate"],
    [{ type: "signal", from: "a1", seq: 2, data: { candidate: null } }, "down", "end of candidates 2 from Ada", "candidate"],
    [{ type: "signal", to: "a1", ack: 9 }, "up", "ack to Ada: 9", "ack"],
    [{ type: "signal", to: "a1", seq: 1, data: null }, "up", "signal 1 to Ada", "signal"],
    [{ type: "news" }, "down", "news", "signal"],
    [null, "down", "message", "signal"],
  ]) {
    assert.equal(title(gist(message), direction, nameOf), words);
    assert.equal(gist(message).kind, kind);
  }
});

test("a preview, cut off anywhere, never contradicts its own message", () => {
  const messages = [
    offer,
    { type: "signal", data: { description: { sdp, type: "offer" } }, seq: 3, to: "a1", ack: 2 },
    { type: "signal", to: "a1", seq: 4, data: { candidate: { candidate: "x".repeat(400) } } },
    { type: "welcome", id: "z", peers: [{ id: "a1", name: "Ada", session: 9, state: "present" }] },
  ];
  for (const message of messages) {
    const whole = JSON.stringify(message);
    for (let length = 60; length <= Math.min(whole.length, 400); length++) {
      assert.ok(!contradicts(gist(message), gistOfPreview(whole.slice(0, length))), whole.slice(0, length));
    }
  }
});

test("what is cut off is still told apart", () => {
  assert.equal(gistOfPreview(JSON.stringify({ data: { description: { sdp } }, seq: 3, to: "a1", type: "signal" }).slice(0, 300)).kind, "description");
  const whole = JSON.stringify(offer).slice(0, 300);
  assert.equal(gistOfPreview(whole).name, "offer");
  assert.ok(contradicts(gist({ ...offer, seq: 4 }), gistOfPreview(whole)));
  assert.ok(contradicts(gist({ type: "signal", to: "a1", ack: 2 }), gistOfPreview(whole)));
});

test("the key is kept out of the trace", () => {
  const join = { type: "join", key: "SECRET-SECRET-SECRET12", name: "Zoë" };
  assert.ok(!JSON.stringify(withoutKey(join)).includes("SECRET"));
  assert.equal(withoutKey(join).name, "Zoë");
  for (const preview of [JSON.stringify(join), JSON.stringify(join, null, 1), JSON.stringify({ name: "Zoë", key: join.key, type: "join" })]) {
    assert.ok(!previewWithoutKey(preview).includes("SECRET"), preview);
  }
  const other = { type: "signal", data: { key: "shown" } };
  assert.equal(withoutKey(other), other);
});

test("pairing joins by order, skips what contradicts, and forgets what came before", () => {
  const pairing = new TracePairing((page, server) => page.name !== undefined && server.name !== undefined && page.name !== server.name);
  const [p1, p2, p3, p4] = ["one", "two", "three", undefined].map(name => ({ name }));
  assert.equal(pairing.page(p1), null);
  assert.equal(pairing.page(p2), null);
  assert.equal(pairing.page(p3), null);
  assert.equal(pairing.server({ name: "two" }), p2);
  assert.equal(pairing.server({ name: "one" }), null); // sent twice
  assert.equal(pairing.server({}), p3);
  const s = {};
  assert.equal(pairing.server(s), null); // faster than the page
  assert.equal(pairing.page(p4), s);
  assert.equal(pairing.page({}), null);
});

test("pairing does not wait for more than its limit", () => {
  const pairing = new TracePairing((page, server) => page.n !== server.n, 3);
  for (let n = 0; n < 10; n++) pairing.page({ n });
  assert.equal(pairing.server({ n: 6 }), null);
  assert.deepEqual(pairing.server({ n: 7 }), { n: 7 });
});

test("the clocks are aligned by the handshake, then by the messages", () => {
  const clock = new TraceClock(100);
  assert.equal(clock.onPage(5), 105); // the earliest there is
  clock.opened(120);
  assert.equal(clock.offset, 110);
  assert.equal(clock.uncertainty, 10);
  clock.up(130, 15); // read at 15 what was sent at 130: the zero is at 115 or later
  assert.equal(clock.offset, 117.5);
  clock.down(136, 18); // and at 118 or earlier
  assert.equal(clock.offset, 116.5);
  assert.equal(clock.uncertainty, 1.5);
  clock.up(100, 0); // slow, tells nothing
  clock.down(900, 50);
  assert.equal(clock.offset, 116.5);
  clock.up(10_000, 10_000 - 119); // one clock runs faster: the latest evidence wins
  assert.equal(clock.offset, 119);
});
