import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { decode } from "../page/cbor.js";
import { Socket } from "../page/socket.js";

// FakeWebSocket is the browser's half, played by the test.
class FakeWebSocket {
  static made = [];
  sent = [];
  closedWith = null;
  extensions = "";

  constructor(url, protocols) {
    Object.assign(this, { url, protocol: protocols[0] });
    FakeWebSocket.made.push(this);
  }
  send(payload) {
    this.sent.push(typeof payload === "string" ? JSON.parse(payload) : decode(payload));
  }
  close(code, reason) {
    this.closedWith = { code, reason };
  }
  welcomed() {
    this.onopen();
    this.onmessage({ data: JSON.stringify({ type: "welcome", id: "a" }) });
  }
  ends(code, reason = "") {
    this.onclose({ code, reason, wasClean: code !== 1006 });
  }
}

const last = () => FakeWebSocket.made.at(-1);
let told;

function socket(codec = "json") {
  told = [];
  const observer = new Proxy({}, { get: (_, name) => (...args) => told.push([name, ...args]) });
  const made = new Socket({ url: "ws://here/", codec, join: { key: "k", session: 7, name: "n" }, on: { message() {}, change() {}, observer } });
  made.connect();
  return made;
}

beforeEach(() => {
  FakeWebSocket.made = [];
  globalThis.WebSocket = FakeWebSocket;
  mock.restoreAll();
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(Math, "random", () => 1);
});

for (const [codec, protocol] of [["json", "signaling.v1.json"], ["cbor", "signaling.v1.cbor"], [null, "signaling.v1.json"]]) {
  test(`it joins as soon as it is open, in ${codec}`, () => {
    const s = socket(codec);
    assert.equal(s.state.value, "connecting");
    assert.equal(last().protocol, protocol);
    last().onopen();
    assert.equal(s.state.value, "joining");
    assert.deepEqual(last().sent, [{ type: "join", key: "k", session: 7, name: "n", attempt: 1 }]);
    s.send({ type: "signal" });
    assert.equal(last().sent.length, 1); // the link sends it when there is a welcome
  });
}

test("a lost connection is made again, later each time, and counts its attempts", () => {
  const s = socket();
  last().welcomed();
  assert.equal(s.state.value, "joined");
  for (const [i, wait] of [500, 500, 1000, 2000, 4000].entries()) {
    last().ends(1006);
    assert.equal(s.state.value, "waiting");
    mock.timers.tick(wait - 1);
    assert.equal(s.state.value, "waiting", `attempt ${i + 2}`);
    mock.timers.tick(1);
    assert.equal(s.state.value, "connecting", `attempt ${i + 2}`);
  }
  last().welcomed();
  assert.equal(last().sent[0].attempt, 6);
  last().ends(1006);
  mock.timers.tick(500); // from the beginning
  assert.equal(s.state.value, "connecting");
});

test("what is final is not tried again", () => {
  for (const code of [1000, 1008, 4001, 4002, 4009]) {
    const s = socket();
    last().welcomed();
    last().ends(code, "because");
    assert.deepEqual(s.state, { value: "ended", code, reason: "because", attempt: 1 });
    mock.timers.tick(60_000);
    assert.equal(s.state.value, "ended");
  }
});

test("a network that answers nothing", () => {
  const s = socket();
  const first = last();
  mock.timers.tick(10_000);
  assert.equal(s.state.value, "waiting");
  assert.equal(first.closedWith.code, 4008);
  assert.equal(first.onclose, null); // what it says later is of no interest
  mock.timers.tick(500);
  last().onopen();
  mock.timers.tick(10_000); // open, and no welcome
  assert.equal(s.state.value, "waiting");
});

test("now does not wait, and only where there is something to wait for", () => {
  const s = socket();
  s.now();
  assert.equal(FakeWebSocket.made.length, 1);
  last().ends(1006);
  s.now();
  assert.equal(FakeWebSocket.made.length, 2);
  mock.timers.tick(5000); // the timer of the backoff is gone
  assert.equal(FakeWebSocket.made.length, 2);
});

test("when the network is back, a new connection takes the place of one that may be dead", () => {
  const s = socket();
  last().welcomed();
  const before = last();
  s.renew();
  assert.equal(s.state.value, "connecting");
  assert.ok(![1000, 1001].includes(before.closedWith.code)); // which would mean that this member left
  assert.equal(before.onclose, null);
});

test("leaving is told to the server, which closes", () => {
  const s = socket();
  last().welcomed();
  s.leave();
  assert.deepEqual(last().sent.at(-1), { type: "leave" });
  assert.equal(s.state.value, "leaving");
  last().ends(1000);
  assert.deepEqual([s.state.value, s.state.code], ["ended", 1000]);
});

test("leaving is done even if the server does not answer, or is away", () => {
  const s = socket();
  last().welcomed();
  s.leave();
  mock.timers.tick(2000);
  assert.equal(s.state.value, "ended");
  assert.equal(last().closedWith.code, 1000);

  const away = socket();
  last().ends(1006);
  away.leave();
  assert.equal(away.state.value, "ended");
  mock.timers.tick(60_000);
  assert.equal(away.state.value, "ended");
});

test("a message that cannot be read costs the connection, not the page", t => {
  t.mock.method(console, "error", () => {});
  const s = socket();
  last().welcomed();
  last().onmessage({ data: "{" });
  assert.equal(s.state.value, "waiting");
});

test("the observer sees everything", () => {
  const s = socket();
  last().welcomed();
  s.send({ type: "signal", data: "€" });
  last().ends(1001, "restart");
  assert.deepEqual(told.map(([name]) => name), ["connecting", "opened", "sent", "received", "sent", "closed"]);
  assert.deepEqual(told[0], ["connecting", 1, "ws://here/", ["signaling.v1.json"]]);
  assert.deepEqual(told[4][1], { type: "text", length: 30, message: { type: "signal", data: "€" } }); // bytes, not characters
  assert.deepEqual(told[5][1], { code: 1001, reason: "restart", wasClean: true });
});
