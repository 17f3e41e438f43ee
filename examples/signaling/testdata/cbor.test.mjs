import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "../page/cbor.js";

const fromHex = hex => Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16));
const toHex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");

// RFC 8949, appendix A: what of it the subset can say.
const vectors = [
  [0, "00"], [1, "01"], [10, "0a"], [23, "17"], [24, "1818"], [25, "1819"], [100, "1864"],
  [1000, "1903e8"], [1000000, "1a000f4240"], [1000000000000, "1b000000e8d4a51000"],
  [-1, "20"], [-10, "29"], [-100, "3863"], [-1000, "3903e7"],
  [false, "f4"], [true, "f5"], [null, "f6"],
  ["", "60"], ["a", "6161"], ["IETF", "6449455446"], ["\"\\", "62225c"],
  ["\u00fc", "62c3bc"], ["\u6c34", "63e6b0b4"], ["\ud800\udd51", "64f0908591"],
  [[], "80"], [[1, 2, 3], "83010203"], [[1, [2, 3], [4, 5]], "8301820203820405"],
  [Array.from({ length: 25 }, (_, i) => i + 1), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"],
  [{}, "a0"], [{ a: 1, b: [2, 3] }, "a26161016162820203"], [["a", { b: "c" }], "826161a161626163"],
  [{ a: "A", b: "B", c: "C", d: "D", e: "E" }, "a56161614161626142616361436164614461656145"],
];

// The rest of it, and what is not well-formed at all (appendix F).
const refused = {
  "bytes": ["40", "4401020304"],
  "a map with other keys": ["a201020304", "a1f601", "a18001"],
  "floats": ["f90000", "f90014", "fa00000015", "fb0000000000000016", "f93c00", "fa47c35000", "fb3ff199999999999a", "f97e00", "fb7ff0000000000000"],
  "undefined and other simple values": ["f7", "f0", "f8ff", "f818", "f814", "e0"],
  "tags": ["c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0", "c249010000000000000000", "d818456449455446"],
  "indefinite lengths": ["5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff", "bfff", "bf61610161629f0203ffff"],
  "integers beyond 2^53": ["1bffffffffffffffff", "1b0020000000000000", "3bffffffffffffffff", "3b001fffffffffffff"],
  "reserved first bytes": ["1c", "1d", "1e", "1f", "3c", "5c", "7d", "9e", "bc", "dc", "fc", "ff"],
  "text that is not UTF-8": ["61ff", "62c328", "63eda080", "61c3"],
  "a key twice": ["a2616101616102"],
  "bytes behind the value": ["0000", "a000", "6161f6"],
  "lengths that nobody could have": ["9bffffffffffffffff", "9b001fffffffffffff", "bb0000ffffffffffff", "7b001fffffffffffff"],
};

test("the vectors of RFC 8949, appendix A", () => {
  for (const [value, hex] of vectors) {
    assert.equal(toHex(encode(value)), hex);
    assert.deepEqual(decode(fromHex(hex)), value);
  }
});

for (const [what, rows] of Object.entries(refused)) {
  test(`${what}: refused`, () => {
    for (const hex of rows) assert.throws(() => decode(fromHex(hex)), { name: /SyntaxError|TypeError/ }, hex);
  });
}

const edges = [
  255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER,
  -24, -25, -256, -257, -65537, -(2 ** 32), -(2 ** 32) - 1, Number.MIN_SAFE_INTEGER,
  "x".repeat(23), "x".repeat(24), "x".repeat(300), "水".repeat(30000), "\ufeffa mark is text", "\u0000",
  { "": "", nested: { deeper: [{}, [], null, false] } },
  JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'),
  {
    type: "signal", to: "0123456789abcdef", session: 4503599627370495, seq: 12, ack: 7,
    data: { candidate: { candidate: "candidate:1 1 udp 2113937151 f00.local 5000 typ host", sdpMid: "0", sdpMLineIndex: 0, usernameFragment: "a" } },
  },
];

test("what was written is read, and no part of it is", () => {
  for (const value of [...edges, ...vectors.map(([value]) => value)]) {
    const bytes = encode(value);
    assert.deepEqual(decode(bytes), value);
    for (let cut = 0; cut < Math.min(bytes.length, 600); cut++) {
      assert.throws(() => decode(bytes.subarray(0, cut)), SyntaxError, `${cut} of ${bytes.length} bytes`);
    }
  }
  assert.equal({}.polluted, undefined);
});

test("lengths may be longer than they need be", () => {
  assert.equal(decode(fromHex("1b0000000000000001")), 1);
  assert.equal(decode(fromHex("79000161")), "a");
  assert.deepEqual(decode(fromHex("9a00000000")), []);
});

test("what has no JSON is not written", () => {
  for (const value of [1.5, NaN, Infinity, 2 ** 53, undefined, [undefined], () => 0, Symbol("s"), 1n, new Date(), new Map(), new Uint8Array(1)]) {
    assert.throws(() => encode(value), /cbor/);
  }
  assert.equal(toHex(encode({ a: undefined, b: 1 })), "a1616201");
});

test("depth is bounded", () => {
  const nest = depth => depth === 0 ? [] : [nest(depth - 1)];
  assert.deepEqual(decode(encode(nest(32))), nest(32));
  assert.throws(() => encode(nest(33)), RangeError);
  assert.throws(() => decode(new Uint8Array(100_000).fill(0x81)), /deeply/);
});

test("an ArrayBuffer is read as well", () => {
  assert.deepEqual(decode(encode({ a: 1 }).buffer), { a: 1 });
});
