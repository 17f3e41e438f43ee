// What a message of the signalling is about, in a few words: from the message itself, or
// from the beginning of it that the server shows.

// The kinds of rows, in the order in which they can be chosen, with their names.
export const KINDS = new Map([
  ["member", "members"], // join, welcome, peer, leave, gone
  ["description", "offers, answers"],
  ["candidate", "candidates"],
  ["signal", "other messages"],
  ["ack", "acknowledgements"],
  ["ping", "ping, pong"],
  ["close", "close"],
  ["state", "states"],
]);

const MEMBER_TYPES = new Set(["join", "welcome", "peer", "leave", "gone"]);

// gist is what a row and an arrow need to know of a message: its kind and name, whom it is
// to or from, its number, what it acknowledges.
export function gist(message) {
  if (message === null || typeof message !== "object") return { kind: "signal", name: "message" };
  const { type, seq, ack, session, state } = message;
  const other = message.to ?? message.from ?? (type === "peer" ? message.id : undefined);
  const base = { other, seq, ack, session, state, name: String(type ?? "message") };
  if (MEMBER_TYPES.has(type)) return { ...base, kind: "member" };
  if (type !== "signal") return { ...base, kind: "signal" };
  if (message.data === undefined) return { ...base, kind: "ack", name: "ack" };
  const { description, candidate } = message.data ?? {};
  if (description) return { ...base, kind: "description", name: String(description.type) };
  if (candidate !== undefined) return { ...base, kind: "candidate", name: candidate ? "candidate" : "end of candidates" };
  return { ...base, kind: "signal" };
}

// gistOfPreview reads what it can from the at most 300 characters that the server shows.
export function gistOfPreview(preview) {
  try {
    return gist(JSON.parse(preview));
  } catch {
    return gist(beginning(preview));
  }
}

// beginning is a message as far as a text that was cut off tells of it.
function beginning(text) {
  const find = pattern => pattern.exec(text)?.[1];
  const string = name => find(new RegExp(`"${name}"\\s*:\\s*"([^"]*)"`));
  const number = name => {
    const digits = find(new RegExp(`"${name}"\\s*:\\s*(\\d+)`));
    return digits === undefined ? undefined : Number(digits);
  };
  const type = find(/"type"\s*:\s*"(join|signal|leave|welcome|peer|gone)"/) ?? (text.startsWith('{"data"') ? "signal" : undefined);
  const message = { type, to: string("to"), from: string("from"), id: string("id"), seq: number("seq"), ack: number("ack"), session: number("session") };
  if (type !== "signal") return message;
  if (/"description"\s*:/.test(text)) {
    message.data = { description: { type: find(/"type"\s*:\s*"(offer|answer|pranswer|rollback)"/) ?? "description" } };
  } else {
    message.data = /"candidate"\s*:/.test(text) ? { candidate: {} } : {}; // without data it would be short
  }
  return message;
}

// contradicts reports whether two gists cannot be of the same message. What one of them
// does not know contradicts nothing.
export function contradicts(a, b) {
  const differ = field => a[field] !== undefined && b[field] !== undefined && a[field] !== b[field];
  const vague = a.kind === "signal" || b.kind === "signal";
  return differ("other") || differ("seq") || differ("ack") || (!vague && differ("kind"));
}

// title is a gist in words: "offer 3 to Ada, acknowledges 2". direction is "up" from the
// page and "down" to it.
export function title(g, direction, nameOf) {
  if (g.name === "peer" && g.other) return `peer ${nameOf(g.other)} ${g.state ?? ""}`.trim();
  let words = g.name;
  if (g.seq !== undefined) words += ` ${g.seq}`;
  if (g.other) words += ` ${direction === "up" || g.name === "gone" ? "to" : "from"} ${nameOf(g.other)}`;
  if (g.ack !== undefined) words += g.kind === "ack" ? `: ${g.ack}` : `, acknowledges ${g.ack}`;
  return words;
}

const KEPT = "(kept out of the trace)";

// withoutKey is a join without the key: a trace is shown to others, and whoever has the
// key is the member.
export function withoutKey(message) {
  return message?.type === "join" && "key" in message ? { ...message, key: KEPT } : message;
}

export function previewWithoutKey(preview) {
  return /"type"\s*:\s*"join"/.test(preview) ? preview.replace(/("key"\s*:\s*")[^"]*/, `$1${KEPT}`) : preview;
}
