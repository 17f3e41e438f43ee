import assert from "node:assert/strict";
import { test } from "node:test";
import { TraceModel } from "../page/trace-model.js";
import { record } from "../page/trace-save.js";

const length = message => JSON.stringify(message).length;

// Both is a model with a page and a server that talk. Times are in ms; the server's clock
// is zero at 110.
function both({ rows } = {}) {
  const model = new TraceModel(rows ? { rows } : {});
  const connection = model.connecting(100, 1, "ws://h/rooms/r/socket", ["signaling.v1.json"]);
  model.opened(120, { protocol: "signaling.v1.json", extensions: "" });
  let n = 0;
  const server = (ms, event) => model.server(connection, { n: ++n, ms, ...event });
  const frame = (ms, dir, opcode, more = {}) => server(ms, { kind: "frame", dir, opcode, fin: true, rsv1: false, masked: dir === "in", length: 0, ...more });
  server(0, { kind: "handshake", request: ["GET / HTTP/1.1"], response: ["HTTP/1.1 101 Switching Protocols"] });
  return {
    model, connection, server, frame,
    lose: count => { n += count; },
    sent: (at, message) => model.sent(at, { type: "text", length: length(message), message }),
    received: (at, message) => model.received(at, { type: "text", length: length(message), message }),
    read: (ms, message, more) => frame(ms, "in", "text", { length: length(message), preview: JSON.stringify(message).slice(0, 300), ...more }),
    written: (ms, message, more) => frame(ms, "out", "text", { length: length(message), preview: JSON.stringify(message).slice(0, 300), ...more }),
  };
}

const join = { type: "join", key: "SECRET", name: "Zoë", session: 1, attempt: 1 };
const welcome = { type: "welcome", id: "zz", peers: [{ id: "aa", name: "Ada", session: 2, state: "present" }] };
const signal = (seq, more) => ({ type: "signal", to: "aa", session: 2, seq, data: { candidate: { candidate: `c${seq}` } }, ...more });

// rows is what each exchange has of each side, in order.
const rows = connection => connection.exchanges.map(({ gist, kind, page, server }) =>
  `${gist ? `${gist.name}${gist.seq ?? ""}` : page?.text ?? server?.text ?? kind}: ${page ? "page" : ""}${server ? `+${server.frames.map(frame => frame.opcode)}` : ""}`);

test("what the page and the server saw of a message is one exchange, whoever tells first", () => {
  const { connection, sent, received, read, written } = both();
  sent(121, join);
  written(14, welcome); // the server's side of the answer comes in first of all
  read(12, join);
  received(126, welcome);
  assert.deepEqual(rows(connection), ["open, signaling.v1.json: page", "join: page+text", "welcome: page+text"]);
  assert.deepEqual(connection.exchanges.map(({ direction }) => direction), [undefined, "up", "down"]);
});

test("exchanges stand in the order of the page's clock, also where the server's side came first", () => {
  const { connection, received, written, frame } = both();
  const from = seq => ({ type: "signal", from: "aa", seq, data: null });
  received(130, from(1));
  written(13, from(2)); // at some 123 by the clocks
  received(131, from(2));
  assert.deepEqual(rows(connection).slice(1), ["signal1: page", "signal2: page+text"]);
  written(20, from(3));
  frame(30, "out", "ping"); // at some 140
  received(135, from(3));
  assert.deepEqual(rows(connection).slice(2), ["signal2: page+text", "signal3: page+text", "ping: +ping"]);
});

test("the clocks come together with the messages, and rows are shown anew", () => {
  const { model, connection, sent, received, read, written } = both();
  sent(121, join);
  received(126, welcome);
  model.changed.clear();
  read(12, join); // 121 - 12: the zero is at 109 or later
  written(14, welcome); // 126 - 14: at 112 or earlier
  assert.equal(connection.clock.offset, 110.5);
  assert.deepEqual([...model.changed].map(({ gist }) => gist.name).sort(), ["join", "welcome"]);
});

test("a message of several frames is one exchange with all of them", () => {
  const { connection, received, frame, written } = both();
  written(1, welcome, { fin: false, preview: "" });
  assert.deepEqual(rows(connection), ["message: +text", "open, signaling.v1.json: page"]);
  frame(2, "out", "ping");
  frame(3, "out", "continuation", { fin: false });
  frame(4, "out", "continuation", { preview: JSON.stringify(welcome) });
  received(130, welcome);
  assert.deepEqual(rows(connection), ["ping: +ping", "open, signaling.v1.json: page", "welcome: page+text,continuation,continuation"]);
  const late = both();
  late.received(130, welcome);
  late.written(1, welcome, { fin: false, preview: "" });
  late.frame(4, "out", "continuation", { preview: JSON.stringify(welcome) });
  assert.deepEqual(rows(late.connection), ["open, signaling.v1.json: page", "welcome: page+text,continuation"]);
});

test("after a gap in the server's side messages find each other again", () => {
  const { connection, sent, read, lose } = both();
  for (let seq = 1; seq <= 4; seq++) sent(120 + seq, signal(seq));
  read(12, signal(1));
  lose(2);
  read(15, signal(4));
  assert.deepEqual(rows(connection), [
    "open, signaling.v1.json: page", "candidate1: page+text", "candidate2: page", "candidate3: page", "candidate4: page+text",
    "2 events of this side were no longer kept: +",
  ]);
});

test("the server's own word for a gap is taken once", () => {
  const { model, connection } = both();
  model.server(connection, { n: 6, ms: 30, kind: "lost", lost: 5 });
  model.server(connection, { n: 7, ms: 31, kind: "frame", dir: "out", opcode: "ping", fin: true, length: 0 });
  assert.deepEqual(rows(connection), ["open, signaling.v1.json: page", "5 events of this side were no longer kept: +", "ping: +ping"]);
});

test("binary messages of which the preview says nothing are joined by order", () => {
  const { model, connection, frame } = both();
  model.sent(121, { type: "binary", length: 50, message: join });
  model.sent(122, { type: "binary", length: 60, message: signal(1) });
  frame(12, "in", "binary", { length: 50, preview: "a5 64" });
  frame(13, "in", "binary", { length: 60, preview: "a5 65" });
  assert.deepEqual(rows(connection).slice(1), ["join: page+binary", "candidate1: page+binary"]);
});

test("ping and pong are the server's alone, and their round trip is measured", () => {
  const { connection, frame } = both();
  frame(20, "out", "ping");
  frame(23.5, "in", "pong");
  frame(30, "in", "pong"); // unsolicited
  assert.deepEqual(connection.exchanges.map(({ roundTrip }) => roundTrip), [undefined, undefined, 3.5, undefined]);
});

test("both sides of a Close frame are one exchange", () => {
  const { model, connection, frame } = both();
  model.closing(200, { code: 4000, reason: "enough" });
  frame(92, "in", "close", { preview: "4000 enough" });
  frame(93, "out", "close", { preview: "4000 enough" });
  assert.equal(connection.lifecycle, "closing");
  model.closed(210, { code: 4000, reason: "enough", wasClean: true });
  assert.deepEqual(rows(connection).slice(1), ["4000 “enough”: page+close", "close: +close", "closed 4000 “enough”, clean: page"]);
  assert.equal(connection.lifecycle, "closed");
});

test("no more rows are kept than the limit, and the oldest go first", () => {
  const { model, connection, sent, read } = both({ rows: 10 });
  for (let seq = 1; seq <= 50; seq++) {
    sent(120 + seq, signal(seq));
    read(11 + seq, signal(seq));
  }
  assert.deepEqual(rows(connection), [46, 47, 48, 49, 50].map(seq => `candidate${seq}: page+text`));
  assert.equal(model.dropped, 46);
  assert.ok([...model.changed].every(exchange => !exchange.forgotten));
});

test("what was dropped does not come back with its other side", () => {
  const { model, connection, sent, read } = both({ rows: 3 });
  for (let seq = 1; seq <= 6; seq++) sent(120 + seq, signal(seq));
  for (let seq = 1; seq <= 4; seq++) read(11 + seq, signal(seq));
  assert.deepEqual(rows(connection), ["candidate5: page", "candidate6: page"]); // 4 grew beyond the limit
  assert.equal(model.dropped, 5);
});

test("a message of which the first frames had to go is shown when it is complete", () => {
  const { model, connection, received, frame } = both({ rows: 5 });
  frame(1, "out", "text", { fin: false });
  frame(2, "out", "continuation", { fin: false });
  for (let i = 0; i < 4; i++) frame(10 + i, "out", "ping");
  assert.deepEqual(rows(connection), ["open, signaling.v1.json: page", ...Array(4).fill("ping: +ping")]);
  received(145, {});
  frame(31, "out", "continuation", { preview: "{}" });
  assert.deepEqual(rows(connection), ["ping: +ping", "message: page+text,continuation,continuation"]);
  assert.ok([...model.changed].every(exchange => !exchange.forgotten));
});

test("a message of more frames than the limit does not stay", () => {
  const { model, connection, frame } = both({ rows: 5 });
  frame(1, "out", "text", { fin: false });
  for (let i = 0; i < 20; i++) frame(2 + i, "out", "continuation", { fin: false });
  frame(30, "out", "ping");
  frame(31, "out", "continuation", { preview: "{}" });
  assert.deepEqual(rows(connection), ["open, signaling.v1.json: page", "ping: +ping"]);
  assert.ok([...model.changed].every(exchange => !exchange.forgotten));
});

test("clearing keeps what goes on, and what was cleared stays away", () => {
  const { model, connection, sent, read, frame } = both();
  sent(121, join);
  model.clear();
  assert.deepEqual(connection.exchanges, []);
  assert.equal(model.changed.size, 0);
  read(12, join); // its other side is gone
  sent(130, signal(1));
  read(25, signal(1));
  frame(26, "out", "ping");
  assert.deepEqual(rows(connection), ["candidate1: page+text", "ping: +ping"]);
  assert.equal(model.current, connection);
});

test("each attempt has its own exchanges, also those that come in late", () => {
  const { model, connection, sent, server } = both();
  sent(121, join);
  model.closed(200, { code: 1006, reason: "", wasClean: false });
  const next = model.connecting(300, 2, "ws://h/rooms/r/socket", ["signaling.v1.json"]);
  model.opened(310, { protocol: "signaling.v1.json", extensions: "" });
  sent(311, join);
  server(900, { kind: "closed", began: "nobody", clean: false, sent: null, received: null, cause: "EOF" });
  assert.deepEqual(rows(connection), ["open, signaling.v1.json: page", "join: page", "closed 1006, not clean: page", "closed, not clean: EOF: +"]);
  assert.deepEqual(rows(next), ["open, signaling.v1.json: page", "join: page"]);
  model.clear();
  server(901, { kind: "state", from: "open", to: "terminated" });
  assert.deepEqual(rows(connection), []);
  assert.deepEqual(model.connections, [next]);
});

test("a connection that the page gave up without waiting is over", () => {
  const { model, connection } = both();
  model.closing(200, { code: 4008, reason: "the network changed" });
  assert.equal(connection.lifecycle, "closing");
  model.connecting(201, 2, "ws://h/", []);
  assert.equal(connection.lifecycle, "closed");
});

test("what the page says of a member is a row only if no message has said it", () => {
  const { model, connection, received } = both();
  received(125, { type: "peer", id: "aa", name: "Ada", session: 2, state: "present" });
  model.peer(125, { id: "aa", name: "Ada", state: "present" });
  model.peer(190, { id: "aa", name: "Ada", state: "lost" });
  assert.deepEqual(rows(connection).slice(1), ["peer: page", "Ada: lost: page"]);
  assert.equal(model.nameOf("aa"), "Ada");
  assert.equal(model.nameOf("0123456789"), "012345");
});

test("no more connections are kept than a hundred", () => {
  const model = new TraceModel();
  for (let i = 1; i <= 150; i++) {
    model.connecting(i, i, "ws://h/", []);
    model.closed(i, { code: 1006, reason: "", wasClean: false });
  }
  assert.equal(model.connections.length, 100);
  assert.equal(model.connections[0].attempt, 51);
});

test("the saved trace has both sides and not the key", () => {
  const { model, sent, read } = both();
  sent(121, join);
  read(12, join);
  const text = JSON.stringify(record(model));
  assert.ok(!text.includes("SECRET"));
  const { connections: [saved] } = JSON.parse(text);
  assert.equal(saved.began, 0);
  assert.equal(saved.exchanges[1].page.at, 21);
  assert.equal(saved.exchanges[1].server.frames[0].ms, 12);
  assert.equal(saved.handshake.request[0], "GET / HTTP/1.1");
});
