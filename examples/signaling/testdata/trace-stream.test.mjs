import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser, followTrace } from "../page/trace-stream.js";

const stream = "\ufeff: a comment\ndata: one\n\nevent: named\r\ndata:two\r\ndata: lines\r\n\r\nid: 7\rretry: 3\rdata\r\rdata:  spaced\n\nevent: dropped\n\ndata: unfinished";
const events = [
  { type: "message", data: "one" },
  { type: "named", data: "two\nlines" },
  { type: "message", data: "" },
  { type: "message", data: " spaced" },
];

// decoded is what a TextDecoder makes of a piece: it takes the byte order mark away.
const decoded = text => text.replace(/^\ufeff/, "");

test("a stream cut in two anywhere has the same events", () => {
  const text = decoded(stream);
  for (let at = 0; at <= text.length; at++) {
    const parser = new EventParser();
    assert.deepEqual([...parser.push(text.slice(0, at)), ...parser.push(text.slice(at))], events, `cut at ${at}`);
  }
});

test("a stream that comes character by character has the same events", () => {
  const parser = new EventParser();
  assert.deepEqual([...decoded(stream)].flatMap(character => parser.push(character)), events);
});

test("a line without end is not kept for ever", () => {
  const parser = new EventParser();
  assert.throws(() => { for (let i = 0; i < 100; i++) parser.push("x".repeat(20_000)); }, /too long/);
});

// follow follows a server that gives these answers one after another, and returns what
// was heard, asked and waited for.
async function follow(answers) {
  const heard = [], states = [], asked = [], waits = [];
  await followTrace({ connection: "a/b", key: "KEY" }, {
    fetch: async (url, options) => {
      asked.push({ url, authorization: options.headers.Authorization });
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    wait: async ms => { waits.push(ms); },
    onEvent: ({ n, kind, preview }) => {
      if (kind === "frame") assert.equal(preview, "é…"); // also when it came in halves
      heard.push(n);
    },
    onState: (state, detail) => states.push(detail ? `${state}: ${detail}` : state),
  });
  return { heard, states, asked, waits };
}

// answer is a response with events, in pieces of so many bytes.
function answer(list, { size = 5, fails } = {}) {
  const bytes = new TextEncoder().encode(list.map(event => `data: ${JSON.stringify(event)}\n\n`).join(""));
  let at = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (at < bytes.length) {
        controller.enqueue(bytes.slice(at, at += size));
      } else if (fails) {
        controller.error(new Error(fails));
      } else {
        controller.close();
      }
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
}

const frame = (n, preview = "é…") => ({ n, kind: "frame", preview });
const closed = n => ({ n, kind: "closed" });

test("the trace is read to its closed event, whatever the pieces", async () => {
  for (const size of [1, 2, 3, 1000]) {
    const { heard, states, asked } = await follow([answer([frame(1), frame(2), closed(3)], { size })]);
    assert.deepEqual(heard, [1, 2, 3]);
    assert.deepEqual(states, ["connecting", "following", "ended"]);
    assert.deepEqual(asked, [{ url: "/trace/a%2Fb", authorization: "Bearer KEY" }]);
  }
});

test("nothing is read after closed, and the stream is cancelled", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    start(controller) { controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(closed(1))}\n\ndata: ${JSON.stringify(frame(2))}\n\n`)); },
    cancel() { cancelled = true; },
  });
  const { heard } = await follow([new Response(body, { headers: { "Content-Type": "text/event-stream" } })]);
  assert.deepEqual(heard, [1]);
  assert.ok(cancelled);
});

test("what broke is taken up again where it broke, without saying anything twice", async () => {
  const { heard, states, waits } = await follow([
    answer([frame(1), frame(2)], { fails: "connection reset" }),
    new Error("network changed"),
    new Response("", { status: 503 }),
    answer([frame(1), frame(2), frame(3)]),
    answer([frame(2), frame(3), closed(4)]),
  ]);
  assert.deepEqual(heard, [1, 2, 3, 4]);
  assert.deepEqual(states, [
    "connecting", "following", "interrupted: connection reset",
    "connecting", "interrupted: network changed",
    "connecting", "interrupted: HTTP 503",
    "connecting", "following", "interrupted: the stream ended before the connection did",
    "connecting", "following", "ended",
  ]);
  assert.deepEqual(waits, [1000, 2000, 4000, 1000]);
});

test("a refusal is final", async () => {
  for (const [response, why] of [
    [new Response("", { status: 403 }), "HTTP 403"],
    [new Response("", { status: 404 }), "HTTP 404"],
    [new Response("<html>", { headers: { "Content-Type": "text/html" } }), "not a stream of events"],
  ]) {
    const { states, asked } = await follow([response]);
    assert.deepEqual(states, ["connecting", `refused: ${why}`]);
    assert.equal(asked.length, 1);
  }
});

test("a server that stays away is given up", async () => {
  const { states, asked, waits } = await follow(Array.from({ length: 20 }, () => new Error("refused")));
  assert.equal(asked.length, 9);
  assert.equal(states.at(-1), "lost: refused");
  assert.equal(Math.max(...waits), 15_000);
});

test("aborting ends it without a word more", async () => {
  const controller = new AbortController();
  const states = [];
  await followTrace({ connection: "a", key: "k" }, {
    signal: controller.signal,
    fetch: async () => { controller.abort(); throw new DOMException("aborted", "AbortError"); },
    wait: async () => assert.fail("waits"),
    onEvent: () => {},
    onState: state => states.push(state),
  });
  assert.deepEqual(states, ["connecting"]);
});
