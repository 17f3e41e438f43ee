import assert from "node:assert/strict";
import { test } from "node:test";
import { delay } from "../page/backoff.js";

test("a lost connection: half a second, then twice as long each time, up to 15 seconds", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 5000].map(failures => delay(1006, failures, 1)), [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
});

test("half of it is chance", () => {
  assert.deepEqual([0, 0.5, 1].map(random => delay(1006, 3, random)), [2000, 3000, 4000]);
});

test("after 1001 and 1012 at once, spread over half a second; if that fails, as after any loss", () => {
  for (const code of [1001, 1012]) {
    assert.deepEqual([0, 0.5, 1].map(random => delay(code, 0, random)), [0, 250, 500]);
    assert.equal(delay(code, 4, 1), delay(1006, 4, 1));
  }
});

test("after 1013 not before some seconds", () => {
  assert.deepEqual([0, 1].map(random => delay(1013, 0, random)), [2500, 5000]);
  assert.equal(delay(1013, 9, 1), 15000);
});

test("some ends are final", () => {
  for (const code of [1000, 1002, 1003, 1007, 1008, 1009, 4001, 4002, 4009]) assert.equal(delay(code, 0, 1), null, `${code}`);
  for (const code of [1001, 1005, 1006, 1011, 1012, 1013, 1015, 4010]) assert.notEqual(delay(code, 0, 1), null, `${code}`);
});
