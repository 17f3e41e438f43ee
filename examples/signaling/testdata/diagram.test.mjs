import assert from "node:assert/strict";
import { test } from "node:test";
import { diagramOf } from "../page/diagram-items.js";
import { draw, text } from "../page/diagram.js";
import { TraceModel } from "../page/trace-model.js";

const ada = "aaaa", bob = "bbbb";

function call() {
  const model = new TraceModel();
  let at = 0, n = 0;
  const connection = () => model.current;
  const tell = message => ({ type: "text", length: JSON.stringify(message).length, message });
  const said = {
    model,
    connect: attempt => {
      model.connecting(at += 10, attempt, "wss://h/rooms/r/socket", ["signaling.v1.json"]);
      model.opened(at += 10, { protocol: "signaling.v1.json", extensions: "permessage-deflate" });
      n = 0;
    },
    up: message => model.sent(++at, tell(message)),
    down: message => model.received(++at, tell(message)),
    signal: (seq, data, more) => said.up({ type: "signal", to: ada, session: 2, seq, data, ...more }),
    frame: (dir, opcode, preview = "") => model.server(connection(), { n: ++n, ms: ++at, kind: "frame", dir, opcode, fin: true, length: 4, preview }),
    media: (id, state) => model.media(++at, { id, state }),
    closed: (code, wasClean) => model.closed(++at, { code, reason: "", wasClean }),
  };
  return said;
}

const offer = { description: { type: "offer", sdp: "v=0\r\n" } };
const candidate = { candidate: { candidate: "c" } };
const labels = model => diagramOf(model).items.map(({ label }) => label);

test("a call from top to bottom", () => {
  const { model, connect, up, down, signal, media, closed } = call();
  connect(1);
  up({ type: "join", name: "Zoë" });
  down({ type: "welcome", id: "zz", peers: [{ id: ada, name: "Ada", session: 2, state: "present" }] });
  signal(1, offer);
  for (let seq = 2; seq <= 5; seq++) {
    signal(seq, candidate);
    down({ type: "signal", from: ada, session: 2, ack: seq });
  }
  down({ type: "signal", from: ada, session: 2, seq: 1, data: { description: { type: "answer", sdp: "" } }, ack: 5 });
  signal(6, candidate);
  media(ada, "connected");
  closed(1000, true);
  assert.deepEqual(labels(model), [
    "GET /rooms/r/socket", "101 Switching Protocols", "join", "welcome", "offer 1 to Ada",
    "4 candidates 2–5 to Ada", "ack from Ada: 5 (4 of them)", "answer 1 from Ada", "candidate 6 to Ada",
    "media connected", "1000, clean",
  ]);
  const { lifelines, items } = diagramOf(model);
  assert.deepEqual(lifelines.map(({ name }) => name), ["this page", "server", "Ada"]);
  assert.deepEqual(items[3].marks, [{ id: ada, state: "present" }]);
  assert.deepEqual([items[5].from, items[5].to, items[5].beyond, items[5].exchanges.length], ["page", "server", ada, 4]);
});

test("candidates for two members are not one run", () => {
  const { model, connect, up } = call();
  connect(1);
  for (let seq = 1; seq <= 2; seq++) for (const to of [ada, bob]) up({ type: "signal", to, session: 2, seq, data: candidate });
  assert.deepEqual(labels(model).slice(2), ["2 candidates 1–2 to aaaa", "2 candidates 1–2 to bbbb"]);
});

test("a signal that goes out again says so, one of another session does not", () => {
  const { model, connect, signal } = call();
  connect(1);
  signal(1, offer);
  signal(1, offer);
  signal(1, offer, { session: 3 });
  assert.deepEqual(labels(model).slice(2), ["offer 1 to aaaa", "offer 1 to aaaa, again", "offer 1 to aaaa"]);
});

test("pings fold with their pongs", () => {
  const { model, connect, frame } = call();
  connect(1);
  for (let i = 0; i < 3; i++) {
    frame("out", "ping");
    frame("in", "pong");
  }
  frame("out", "ping");
  const { items } = diagramOf(model);
  assert.deepEqual(items.slice(2).map(({ label, note, from, to }) => [label, note, from, to]), [["ping, pong (4 of them)", "round trip 1.0 ms", "server", "page"]]);
});

test("reconnecting tears the lifelines, media go on", () => {
  const { model, connect, media, closed } = call();
  connect(1);
  media(ada, "connected");
  closed(1006, false);
  connect(2);
  const { items, lifelines } = diagramOf(model);
  assert.deepEqual(items.map(({ type }) => type), ["arrow", "arrow", "media", "end", "break", "arrow", "arrow"]);
  assert.equal(items[3].verdict, "unclean");
  const { tree, height } = draw({ items, lifelines }, { width: 600, zero: 0 });
  const spans = tree.children.filter(({ attributes }) => attributes.class === "span");
  assert.equal(spans.length, 2); // on two lifelines, to the end
  for (const { attributes: { y, height: length } } of spans) assert.equal(y + length, height);
});

test("media end with the member, and with the page", () => {
  for (const end of [({ down }) => down({ type: "peer", id: ada, session: 2, state: "left" }), ({ up }) => up({ type: "leave" }), ({ media }) => media(ada, "failed")]) {
    const said = call();
    said.connect(1);
    said.media(ada, "connected");
    end(said);
    said.closed(1000, true);
    const { tree, height } = draw(diagramOf(said.model), { width: 600, zero: 0 });
    const spans = tree.children.filter(({ attributes }) => attributes.class === "span");
    assert.equal(spans.length, 2);
    for (const { attributes: { y, height: length } } of spans) assert.ok(y + length < height - 20);
  }
});

// walk visits every element of a tree.
function* walk(part) {
  if (typeof part === "string") return;
  yield part;
  for (const child of part.children) yield* walk(child);
}

test("everything is inside, at any width, with any number of members", () => {
  for (const width of [300, 390, 633, 1440]) {
    for (const members of [0, 1, 3, 8]) {
      const { model, connect, down } = call();
      connect(1);
      for (let i = 0; i < members; i++) {
        down({ type: "peer", id: `m${i}`, name: `A name as long as ${i}`, session: 1, state: "present" });
        down({ type: "signal", from: `m${i}`, session: 1, seq: 1, data: offer });
      }
      const { tree, width: drawn } = draw(diagramOf(model), { width, zero: 0 });
      assert.ok(drawn >= width);
      const lines = [...walk(tree)].filter(({ attributes }) => attributes.class === "life").map(({ attributes }) => attributes.x1);
      assert.equal(lines.length, 2 + members);
      for (const [i, x] of lines.entries()) assert.ok(x > (lines[i - 1] ?? 0) && x < drawn, `${x} of ${drawn}`);
      for (const { attributes: { x1 = 0, x2 = 0, x = 0, width: w = 0 } } of walk(tree)) {
        assert.ok(Math.max(x1, x2, x, x + w) <= drawn && Math.min(x1, x2) >= 0, `${x1} ${x2} ${x} ${w} of ${drawn}`);
      }
    }
  }
});

test("a saved diagram is well-formed XML, whatever the members call themselves", () => {
  const { model, connect, down } = call();
  connect(1);
  down({ type: "peer", id: ada, name: `<b a="1">&\u0000]]>`, session: 1, state: "present" });
  const { tree } = draw(diagramOf(model), { width: 800, zero: 0 });
  const xml = text({ tree, style: ".a > .b { fill: red }" });
  assert.ok(xml.startsWith('<svg xmlns="http://www.w3.org/2000/svg"'));
  assert.ok(!/<b|&(?!amp;|lt;|gt;|quot;)|[\0-\x08]/.test(xml));
  assert.ok(xml.includes("&lt;b a=&quot;1&quot;&gt;&amp;\ufffd]]&gt;"));
  const open = [];
  for (const [, close, name] of xml.matchAll(/<(\/?)(\w+)[^>]*>/g)) {
    if (close) assert.equal(open.pop(), name);
    else open.push(name);
  }
  assert.deepEqual(open, []);
});
