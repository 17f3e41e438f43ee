// CBOR (RFC 8949), as much of it as signaling.v1.cbor is made of: what JSON can say,
// in definite lengths. Integers, text, arrays, maps with text keys, true, false, null.
// Everything else is an error, in both directions.

// §3.1: the major type is the upper three bits of the first byte.
const UNSIGNED = 0, NEGATIVE = 1, TEXT = 3, ARRAY = 4, MAP = 5, SIMPLE = 7;

// §3.3: the simple values that JSON knows too.
const SIMPLES = new Map([[20, false], [21, true], [22, null]]);

// Nobody nests signals deeper. It bounds the recursion on a stranger's word.
const MAX_DEPTH = 32;

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }) };

// encode returns the bytes of a value. Fields that are undefined are left out, as JSON does.
export function encode(value) {
  const out = new Output();
  write(out, value, 0);
  return out.bytes();
}

function write(out, value, depth) {
  if (depth > MAX_DEPTH) throw new RangeError("cbor: nested too deeply");
  if (value === null) return out.byte(SIMPLE << 5 | 22);
  if (typeof value === "boolean") return out.byte(SIMPLE << 5 | (value ? 21 : 20));
  if (typeof value === "string") {
    const bytes = utf8.encoder.encode(value);
    out.head(TEXT, bytes.length);
    return out.append(bytes);
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError(`cbor: ${value} is not an integer that can be relied on`);
    return value < 0 ? out.head(NEGATIVE, -1 - value) : out.head(UNSIGNED, value);
  }
  if (Array.isArray(value)) {
    out.head(ARRAY, value.length);
    for (const item of value) write(out, item, depth + 1);
    return;
  }
  const prototype = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError(`cbor: cannot say ${typeof value}`);
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  out.head(MAP, entries.length);
  for (const [key, field] of entries) {
    write(out, key, depth + 1);
    write(out, field, depth + 1);
  }
}

// Output is bytes that grow.
class Output {
  #buffer = new Uint8Array(256);
  #length = 0;

  #reserve(count) {
    if (this.#length + count <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#length + count));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
  byte(value) {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }
  append(bytes) {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }
  // head is a major type with its argument, in the shortest form (§4.1).
  head(major, argument) {
    const size = argument < 24 ? 0 : argument < 0x100 ? 1 : argument < 0x10000 ? 2 : argument < 0x100000000 ? 4 : 8;
    this.byte(major << 5 | (size === 0 ? argument : 24 + Math.log2(size)));
    for (let i = size - 1; i >= 0; i--) this.byte(Math.floor(argument / 2 ** (8 * i)) % 256);
  }
  bytes() {
    return this.#buffer.slice(0, this.#length);
  }
}

// decode returns the one value that the bytes are. Bytes behind it are an error.
export function decode(bytes) {
  const input = new Input(bytes);
  const value = read(input, 0);
  if (input.left > 0) throw new SyntaxError(`cbor: ${input.left} bytes behind the value`);
  return value;
}

function read(input, depth) {
  if (depth > MAX_DEPTH) throw new SyntaxError("cbor: nested too deeply");
  const { major, argument } = input.head();
  switch (major) {
    case UNSIGNED:
      return argument;
    case NEGATIVE:
      return -1 - argument;
    case TEXT:
      return utf8.decoder.decode(input.take(argument));
    case ARRAY: {
      const items = []; // grows as items come: the length is only a claim
      for (let i = 0; i < argument; i++) items.push(read(input, depth + 1));
      return items;
    }
    case MAP: {
      const fields = new Map();
      for (let i = 0; i < argument; i++) {
        const key = read(input, depth + 1);
        if (typeof key !== "string") throw new SyntaxError("cbor: a key is not text");
        if (fields.has(key)) throw new SyntaxError(`cbor: the key ${JSON.stringify(key)} is there twice`);
        fields.set(key, read(input, depth + 1));
      }
      return Object.fromEntries(fields); // defines the fields, "__proto__" too
    }
    case SIMPLE:
      if (SIMPLES.has(argument)) return SIMPLES.get(argument);
  }
  throw new SyntaxError(`cbor: major type ${major} with ${argument} is not of the subset`);
}

// Input is bytes that are read once.
class Input {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  }
  get left() {
    return this.#bytes.length - this.#at;
  }
  take(count) {
    if (count > this.left) throw new SyntaxError(`cbor: ends ${count - this.left} bytes early`);
    return this.#bytes.subarray(this.#at, this.#at += count);
  }
  head() {
    const first = this.take(1)[0], major = first >> 5, information = first & 31;
    if (information < 24) return { major, argument: information };
    // §3: 28 to 30 are reserved, 31 is an indefinite length. Behind major type 7
    // there would be a float or a simple value that JSON does not have.
    if (information > 27 || major === SIMPLE) throw new SyntaxError(`cbor: first byte 0x${first.toString(16)} is not of the subset`);
    const argument = this.take(2 ** (information - 24)).reduce((sum, byte) => sum * 256 + byte, 0);
    // -1 - argument has to be safe as well, where the major type is 1.
    if (!Number.isSafeInteger(argument + (major === NEGATIVE ? 1 : 0))) throw new SyntaxError("cbor: an integer beyond 2^53");
    return { major, argument };
  }
}
