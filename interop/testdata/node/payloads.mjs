// The conversation every client script has with the echo server under test;
// harness_test.go holds the same one.
import { createHash } from 'node:crypto';

export const letters = (n) =>
  Array.from({ length: n }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');

export const pattern = (n) => Buffer.from(Array.from({ length: n }, (_, i) => i * 31 + (i >> 8)));

export const conversation = ['h\u00e9llo w\u00f6rld \u20ac \u{1F600}', pattern(256), letters(200000), pattern(200000)];

export const digest = (data, isBinary) => ({
  kind: isBinary ? 'binary' : 'text',
  bytes: data.length,
  sha256: createHash('sha256').update(data).digest('hex'),
});
