import assert from "node:assert/strict";
import { test } from "node:test";
import { sentenceOf } from "../page/endings.js";
import { stateOf } from "../page/state.js";

const ann = { name: "Ann", presence: "present", connection: "connected" };
const bo = { name: "Bo", presence: "present", connection: "connected" };
const joined = { value: "joined", attempt: 1 };

const rows = [
  ["before the join", { value: "idle", attempt: 0 }, [], "idle", /Not in the room/],
  ["the first connection", { value: "connecting", attempt: 1 }, [], "connecting", /^Connecting/],
  ["open, not welcomed yet", { value: "joining", attempt: 1 }, [], "connecting", /^Connecting/],
  ["alone", joined, [], "waiting", /only one/],
  ["not reached yet", joined, [{ ...ann, connection: "connecting" }], "call", /^Reaching Ann$/],
  ["in a call", joined, [ann], "call", /^In a call with Ann$/],
  ["in a call with two", joined, [ann, bo], "call", /^In a call with Ann and Bo$/],
  ["one of two reached", joined, [ann, { ...bo, connection: "new" }], "call", /1 of 2/],
  ["one of two away", joined, [ann, { ...bo, presence: "away" }], "call", /^In a call with Ann$/, /Bo lost the connection/],
  ["the other away", joined, [{ ...ann, presence: "away", connection: "failed" }], "lost", /^Ann lost the connection$/, /Waiting/],
  ["the other away from the server only", joined, [{ ...ann, presence: "away" }], "lost", /Ann/, /may still arrive/],
  ["this page away", { value: "waiting", until: 1, code: 1006, attempt: 1 }, [ann], "reconnecting", /lost/, /call with Ann goes on/],
  ["this page away, alone", { value: "waiting", until: 1, code: 1006, attempt: 1 }, [], "reconnecting", /lost/, /^$/],
  ["the second connection", { value: "connecting", attempt: 2 }, [], "reconnecting", /again/],
  ["left", { value: "ended", code: 1000, attempt: 1 }, [], "ended", /You left/],
  ["leaving", { value: "leaving", attempt: 1 }, [ann], "ended", /You left/],
  ["full", { value: "ended", code: 4001, attempt: 1 }, [], "ended", /full/],
];

for (const [what, socket, members, state, line, detail = /./] of rows) {
  test(what, () => {
    const got = stateOf(socket, members);
    assert.equal(got.state, state);
    assert.match(got.line, line);
    if (got.detail !== "" || detail.source !== ".") assert.match(got.detail, detail);
  });
}

test("every end has its words, and a way back", () => {
  for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 4001, 4002, 4009]) {
    const { line, back, reason } = sentenceOf(code, "no such member");
    assert.ok(line && back && reason.startsWith(line), `${code}`);
  }
  assert.match(sentenceOf(1008, "the key is short").detail, /the key is short/);
  assert.match(sentenceOf(1002, "").reason, /1002.*no reason given/);
});
