"use strict";

// What the page was made from: results by part, agent and case.

const flagNames = [
  "closedByMe", "droppedByMe", "failedByMe", "wasClean",
  "closeTimeout", "openTimeout", "dropTimeout",
  "expectClosedByMe", "requireClean", "reportRatio",
];
const logKinds = ["RO", "TO", "RF", "TF", "WLM", "CT", "CTE", "KL", "KLE", "TI", "TIE"];
const FIN = 1, MASK = 2, SYNC = 4, ON = 8;

let parsed;

// store parses the data when it is first asked for, so that the matrix is there before it.
function store() {
  if (!parsed) {
    parsed = JSON.parse(document.getElementById("data").textContent);
    for (const part of parsed.p) {
      for (const agent of part.agents) agent.byID = new Map(agent.results.map((r) => [r.i, r]));
    }
  }
  return parsed;
}

const text = (number) => store().s[number || 0];
const flag = (bits, name) => (bits >> flagNames.indexOf(name) & 1) === 1;

// blob is bytes: text behind "=", or base64.
function blob(number) {
  const packed = store().b[number || 0];
  if (packed.startsWith("=")) return new TextEncoder().encode(packed.slice(1));
  return Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
}

const partOf = (id) => store().p.find((p) => p.id === id);
const agentOf = (part, key) => part?.agents.find((a) => a.key === key);

// utf8 is the text of bytes, null if they are not UTF-8. Bytes that were cut
// off may end within a character.
function utf8(bytes, cut) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: cut });
  } catch {
    return null;
  }
}

const hex = (n, digits) => n.toString(16).padStart(digits, "0");
const hexOf = (bytes, between = "") => Array.from(bytes, (o) => hex(o, 2)).join(between);
const count = (n) => n.toLocaleString("en-US");
const some = (n, what, many = what + "s") => `${count(n)} ${n === 1 ? what : many}`;

// el makes an element. Children are nodes or text: nothing is ever read as HTML.
function el(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === false || value == null) continue;
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else e.setAttribute(key, value === true ? "" : value);
  }
  e.append(...children.flat(Infinity).filter((c) => c != null && c !== false));
  return e;
}

// Characters that one would not see, or that would move others.
const unseen = /[\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/u;

const escapes = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };
const escaped = (c) => escapes[c] || `U+${hex(c.codePointAt(0), 4).toUpperCase()}`;

// visible is s as nodes, with unseen characters by their numbers.
function visible(s) {
  return s.split(new RegExp(`(${unseen.source})`, "u")).filter((p) => p !== "").map((piece) =>
    unseen.test(piece) ? el("span", { class: "escape" }, escaped(piece)) : piece);
}

const closeNames = {
  1000: "normal closure", 1001: "going away", 1002: "protocol error", 1003: "unsupported data", 1005: "no status received",
  1006: "abnormal closure", 1007: "invalid frame payload data", 1008: "policy violation", 1009: "message too big",
  1010: "mandatory extension", 1011: "internal error", 1012: "service restart", 1013: "try again later", 1014: "bad gateway", 1015: "TLS handshake",
};
const opcodeNames = { 0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong" };
const opcodeName = (n) => opcodeNames[n] || `reserved 0x${hex(n, 1)}`;
const closeCode = (code) => closeNames[code] ? `${code} (${closeNames[code]})` : String(code);
const verdictClass = (verdict) => verdict.toLowerCase().replaceAll(" ", "-");
const verdict = (number) => el("b", { class: "verdict " + verdictClass(text(number)) }, text(number));
