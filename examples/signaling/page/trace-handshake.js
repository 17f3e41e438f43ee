// The opening handshake (RFC 6455 §4) explained line by line.

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455 §1.3

// acceptFor is the Sec-WebSocket-Accept that belongs to a Sec-WebSocket-Key.
export async function acceptFor(key) {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + GUID));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

// explain splits a request or a response into its lines, each with what it means where
// that matters: {text} or {name, value}, and note.
export function explain(lines) {
  return lines.map((line, i) => {
    if (i === 0) return { text: line, note: startLine(line) };
    const [, name, value] = /^([^:]*):\s*(.*)$/.exec(line) ?? [null, line, ""];
    return { name, value, note: NOTES[name.toLowerCase()]?.(value) ?? "" };
  });
}

// field is the value of the first field of that name, undefined if there is none.
export function field(lines, name) {
  return explain(lines).find(line => line.name?.toLowerCase() === name.toLowerCase())?.value;
}

function startLine(line) {
  if (line.startsWith("GET ")) return "An ordinary HTTP request: what follows asks to go on as WebSocket.";
  if (/^HTTP\/1\.1 101\b/.test(line)) return "The server agrees. Behind the empty line both speak WebSocket.";
  if (/^HTTP\/1\.1 \d/.test(line)) return "The server does not agree: no WebSocket comes of this.";
  return "";
}

const NOTES = {
  "upgrade": () => "The protocol to change to.",
  "connection": () => "Upgrade is meant for this hop, so a proxy may not pass it on unread.",
  "origin": () => "Where the page came from. The browser says so and no page can change it: servers judge by it.",
  "sec-websocket-version": value => value === "13" ? "RFC 6455. There is no other in use." : "",
  "sec-websocket-key": () => "16 random bytes. They are no secret: the answer to them shows that the server knows WebSocket.",
  "sec-websocket-accept": () => "base64(SHA-1(key + 258EAFA5-E914-47DA-95CA-C5AB0DC85B11)).",
  "sec-websocket-protocol": value => value.includes(",")
    ? "The subprotocols that the page speaks, dearest first."
    : SUBPROTOCOLS[value] ?? "What the messages are written in.",
  "sec-websocket-extensions": extension,
};

const SUBPROTOCOLS = {
  "signaling.v1.json": "Messages are text: JSON.",
  "signaling.v1.cbor": "Messages are binary: CBOR (RFC 8949).",
};

const PARAMETERS = {
  "client_no_context_takeover": "what the page sends is compressed message by message",
  "server_no_context_takeover": "what the server sends is compressed message by message",
  "client_max_window_bits": "the page can limit its window",
  "server_max_window_bits": "the server limits its window",
};

function extension(value) {
  if (!value.includes("permessage-deflate")) return "";
  const known = Object.keys(PARAMETERS).filter(name => value.includes(name)).map(name => PARAMETERS[name]);
  return ["Messages may be compressed (RFC 7692): RSV1 is set on the first frame of those that are", ...known].join("; ") + ".";
}
