// A whole message, to read: one value a line, and the lines of SDP as lines.
import { element } from "./trace-element.js";

// detail is an exchange in full: the message if the page has it, else what the server
// shows of it, and what is to be said of its frames.
export function detail(exchange) {
  const { page, server } = exchange;
  const parts = [];
  if (page?.message !== undefined) parts.push(element("pre", { class: "trace-value", tabindex: 0 }, value(page.message, 0)));
  const previews = (server?.frames ?? []).filter(({ preview }) => preview);
  for (const { preview } of page?.message === undefined ? previews : []) {
    parts.push(element("p", { class: "trace-soft" }, "The beginning, as the server shows it:"), element("pre", { class: "trace-value", tabindex: 0 }, preview));
  }
  return [...parts, ...facts(exchange).map(words => element("p", { class: "trace-soft" }, words))];
}

// facts says what JavaScript can and cannot know of the exchange.
function facts({ kind, direction, page, server, connection }) {
  const said = [];
  if (page && !server && kind !== "state") said.push("The server's side of it has not been seen.");
  if (server?.frames.length && !page) said.push(unseen(kind, direction));
  if (page && server?.frames.length) said.push("FIN, RSV1, the masking and the length on the wire are what the server saw: the browser does not show them to JavaScript.");
  if (server?.frames.length) {
    const { ms } = server.frames[0];
    said.push(`On the server's clock ${ms.toFixed(3)} ms after the opening handshake. Its zero is known on the page's clock to ± ${connection.clock.uncertainty.toFixed(1)} ms.`);
  }
  return said;
}

function unseen(kind, direction) {
  if (kind === "ping") return "Browsers answer pings by themselves: JavaScript sees neither ping nor pong.";
  if (kind === "close") return direction === "up" ? "The browser sent it by itself: the page did not call close()." : "The page sees it as its close event.";
  return "The page has not seen it, or its side of it is no longer kept.";
}

// value is JSON with elements for what is to be told apart.
function value(of, depth) {
  const indent = "  ".repeat(depth);
  if (typeof of === "string") return text(of, indent);
  if (of instanceof Uint8Array) return element("span", { class: "string" }, `${of.length} bytes: ${[...of.subarray(0, 64)].map(byte => byte.toString(16).padStart(2, "0")).join(" ")}${of.length > 64 ? " …" : ""}`);
  if (of === null || typeof of !== "object") return element("span", { class: "atom" }, String(of));
  const [open, close] = Array.isArray(of) ? "[]" : "{}";
  const entries = Object.entries(of);
  if (entries.length === 0) return open + close;
  const inside = entries.flatMap(([name, one], i) => [
    `\n${indent}  `,
    Array.isArray(of) ? null : element("span", { class: "name" }, name),
    Array.isArray(of) ? null : ": ",
    value(one, depth + 1),
    i < entries.length - 1 ? "," : "",
  ]);
  return [open, ...inside.flat(), `\n${indent}${close}`];
}

// text shows what has lines, as SDP does, line by line.
function text(words, indent) {
  const lines = words.split(/\r\n|\n/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length < 2) return element("span", { class: "string" }, JSON.stringify(words));
  return lines.flatMap(line => [
    `\n${indent}  `,
    element("span", { class: line.startsWith("m=") ? "line media" : "line" }, line),
  ]);
}
