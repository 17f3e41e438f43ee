import assert from "node:assert/strict";
import { test } from "node:test";
import { closingOf, parseClose } from "../page/trace-closing.js";
import { acceptFor, explain, field } from "../page/trace-handshake.js";
import { TraceModel } from "../page/trace-model.js";

// story plays events by their names and returns how the ending reads.
function story(...events) {
  const model = new TraceModel();
  const connection = model.connecting(0, 1, "ws://h/", []);
  let n = 0;
  for (const [name, ...args] of events) {
    if (name === "close frame") {
      const [ms, dir, preview] = args;
      model.server(connection, { n: ++n, ms, kind: "frame", dir, opcode: "close", fin: true, length: preview.length, preview });
    } else if (name === "state") {
      const [ms, from, to] = args;
      model.server(connection, { n: ++n, ms, kind: "state", from, to });
    } else if (name === "server closed") {
      const [ms, began, clean, sent, received, cause = ""] = args;
      model.server(connection, { n: ++n, ms, kind: "closed", began, clean, sent, received, cause });
    } else {
      model[name](...args);
    }
  }
  const { verdict, steps } = closingOf(connection);
  return [verdict, ...steps.map(({ what, state }) => `${state}: ${what}`)];
}

const opened = ["opened", 10, { protocol: "", extensions: "" }];
const bye = { code: 1000, reason: "bye" };

test("connecting, open, refused", () => {
  assert.deepEqual(story(), ["connecting"]);
  assert.deepEqual(story(opened), ["open"]);
  assert.deepEqual(story(["closed", 20, { code: 1006, reason: "", wasClean: false }]), ["refused", "missing: The page sees 1006, wasClean false"]);
});

test("the page closes", () => {
  const events = [
    opened,
    ["closing", 100, bye],
    ["close frame", 92, "in", "1000 bye"], ["state", 92, "open", "closed by peer"],
    ["close frame", 93, "out", "1000 bye"], ["state", 93, "closed by peer", "acknowledged"],
    ["state", 94, "acknowledged", "terminated"], ["server closed", 94, "peer", true, bye, bye],
    ["closed", 105, { ...bye, wasClean: true }],
  ];
  assert.deepEqual(story(...events.slice(0, 2)), ["closing",
    "done: The page sends Close 1000 “bye”", "awaited: The server has yet to answer", "awaited: TCP is still open"]);
  assert.deepEqual(story(...events.slice(0, 5)), ["closing",
    "done: The page sends Close 1000 “bye”", "done: The server answers with Close 1000 “bye”", "awaited: TCP is still open"]);
  assert.deepEqual(story(...events), ["clean",
    "done: The page sends Close 1000 “bye”", "done: The server answers with Close 1000 “bye”",
    "done: The server closes TCP", "done: The page sees 1000 “bye”, wasClean true"]);
});

test("the server closes, and its trace comes in late", () => {
  const away = { code: 1001, reason: "away" };
  const events = [
    opened,
    ["closed", 105, { ...away, wasClean: true }],
    ["close frame", 90, "out", "1001 away"], ["close frame", 91, "in", "1001"],
    ["server closed", 92, "us", true, away, { code: 1001, reason: "" }],
  ];
  assert.deepEqual(story(...events.slice(0, 2)), ["clean",
    "done: The server sends Close 1001 “away”", "done: The page answers with Close 1001",
    "done: The server closes TCP", "done: The page sees 1001 “away”, wasClean true"]);
  assert.deepEqual(story(...events).slice(0, 3), ["clean",
    "done: The server sends Close 1001 “away”", "done: The page answers with Close 1001"]);
});

test("TCP is cut", () => {
  assert.deepEqual(story(opened,
    ["closed", 105, { code: 1006, reason: "", wasClean: false }],
    ["state", 900, "open", "terminated"], ["server closed", 900, "nobody", false, null, null, "EOF"]), ["unclean",
    "missing: No Close frame", "missing: The page sees 1006, wasClean false", "done: TCP ends"]);
});

test("one side ends TCP without a Close frame", () => {
  for (const [began, what] of [["us", "The server ends TCP"], ["peer", "The page's side ends TCP"]]) {
    assert.deepEqual(story(opened, ["server closed", 900, began, false, null, null, "no sign of life"]), ["unclean",
      "missing: No Close frame", `done: ${what}`]);
  }
  assert.deepEqual(story(opened, ["close frame", 80, "in", "1001"], ["server closed", 90, "us", false, null, { code: 1001, reason: "" }, "broken pipe"]), ["unclean",
    "done: The page sends Close 1001", "missing: The server did not answer", "done: The server ends TCP"]);
});

test("the server does not answer", () => {
  assert.deepEqual(story(opened, ["closing", 100, bye], ["closed", 3000, { code: 1006, reason: "", wasClean: false }]), ["unclean",
    "done: The page sends Close 1000 “bye”", "missing: The server did not answer", "done: TCP ended", "missing: The page sees 1006, wasClean false"]);
});

test("the server refuses what the page sent", () => {
  const words = story(opened, ["close frame", 50, "out", "1002 bad opcode"], ["state", 50, "open", "failed"], ["state", 60, "failed", "terminated"],
    ["server closed", 60, "us", false, { code: 1002, reason: "bad opcode" }, null, "reserved opcode 3 (§5.2)"],
    ["closed", 70, { code: 1002, reason: "bad opcode", wasClean: true }]);
  assert.deepEqual(words, ["unclean", "done: The server sends Close 1002 “bad opcode”", "done: The page answers with Close 1002",
    "done: The server fails the connection", "done: The page sees 1002 “bad opcode”, wasClean true"]);
});

test("the page goes on without waiting", () => {
  assert.deepEqual(story(opened, ["closing", 100, { code: 4008, reason: "slow" }], ["connecting", 101, 2, "ws://h/", []]), ["unclean",
    "done: The page sends Close 4008 “slow”", "missing: The server did not answer", "done: TCP ended",
    "done: The page has gone on to another connection"]);
});

test("codes and reasons of Close frames", () => {
  assert.deepEqual(parseClose("1000 you left"), [1000, "you left"]);
  assert.deepEqual(parseClose("1001"), [1001, ""]);
  assert.deepEqual(parseClose(""), [undefined, ""]);
  assert.deepEqual(parseClose("1008 “no”"), [1008, "no"]);
});

test("the answer to the key of RFC 6455 §1.3", async () => {
  assert.equal(await acceptFor("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

test("the lines of a handshake, and what matters in them", () => {
  const lines = ["GET /rooms/a:b/socket HTTP/1.1", "Host: h:7880", "sec-websocket-key:x==", "Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover", "odd"];
  const explained = explain(lines);
  assert.equal(explained[0].text, lines[0]);
  assert.deepEqual(explained[1], { name: "Host", value: "h:7880", note: "" });
  assert.equal(field(lines, "Sec-WebSocket-Key"), "x==");
  assert.match(explained[3].note, /dearest first/);
  assert.match(explained[4].note, /RSV1.*what the server sends is compressed message by message/);
  assert.deepEqual(explained[5], { name: "odd", value: "", note: "" });
  assert.match(explain(["HTTP/1.1 101 Switching Protocols"])[0].note, /agrees/);
  assert.match(explain(["HTTP/1.1 403 Forbidden"])[0].note, /does not agree/);
});
