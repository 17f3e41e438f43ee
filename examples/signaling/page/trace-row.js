// An exchange as rows of the table: what the page saw of it, and under that what the
// server saw, frame by frame.
import { element } from "./trace-element.js";
import { compressed, deflateWords, milliseconds, bytes, seconds, titleOf, transit, wireLength } from "./trace-words.js";

export const COLUMNS = ["Time", "Side", "Direction", "Opcode", "FIN", "RSV1", "Masked", "Length", "Message"];
const PREVIEW_LENGTH = 300; // characters

// Each side has its own word for a direction.
const DIRECTIONS = {
  up: { page: ["↑", "sent"], server: ["↑", "read"] },
  down: { page: ["↓", "received"], server: ["↓", "written"] },
};

// rowsFor makes the rows of an exchange, the first of which has the button that opens it.
export function rowsFor(exchange, { zero, nameOf }) {
  const { page, server, kind } = exchange;
  if (kind === "state") return [stateRow(exchange, zero, nameOf)];
  const rows = [];
  if (page) rows.push(pageRow(exchange, zero, nameOf));
  for (const frame of server?.frames ?? []) rows.push(frameRow(exchange, frame, rows.length === 0, zero, nameOf));
  return rows;
}

function stateRow(exchange, zero, nameOf) {
  const { page, server, connection } = exchange;
  const side = page ? "page" : "server";
  const at = page?.at ?? connection.clock.onPage(server.ms);
  const rest = { class: "c-message", role: "cell", "data-name": "Message", colspan: COLUMNS.length - 2, "aria-colspan": COLUMNS.length - 2 };
  return element("tr", { class: `side-${side}`, role: "row" },
    cell(0, time(at, zero)), cell(1, side), element("td", rest, element("span", { class: "trace-state" }, titleOf(exchange, nameOf))));
}

function pageRow(exchange, zero, nameOf) {
  const { page, direction } = exchange;
  const preview = page.message === undefined ? "" : ` ${shorten(JSON.stringify(page.message))}`;
  const unseen = () => element("span", { class: "trace-unseen", title: "JavaScript cannot see this" }, "·");
  return row("page", direction, [
    time(page.at, zero), "page", way(direction, "page"), opcode(page.opcode), unseen(), unseen(), unseen(),
    page.length === undefined ? unseen() : String(page.length),
    message(titleOf(exchange, nameOf), preview),
  ]);
}

function frameRow(exchange, frame, first, zero, nameOf) {
  const { connection, direction, page, server } = exchange;
  const at = connection.clock.onPage(frame.ms);
  const last = frame === server.frames.at(-1);
  const clock = `${frame.ms.toFixed(3)} ms after the handshake on the server's clock, ± ${connection.clock.uncertainty.toFixed(1)} ms on the page's`;
  return row("server", direction, [
    time(at, zero, clock), "server", way(direction, "server"), opcode(frame.opcode),
    bit(frame.fin, "FIN"), bit(frame.rsv1, "RSV1"), bit(frame.masked, "masked"), String(frame.length),
    first ? message(titleOf(exchange, nameOf), frame.preview ? ` ${frame.preview}` : "") : aside(exchange, last && page),
  ], !first);
}

// aside says of a frame what the row above it does not: how long the message took, and
// what compression made of it.
function aside(exchange, complete) {
  if (!complete) return element("span", { class: "trace-soft" }, "goes on");
  const under = transit(exchange);
  const words = under === null ? [] : [`${milliseconds(under)} ${exchange.direction === "up" ? "later" : "before"}`];
  if (compressed(exchange.server)) words.push(deflateWords(exchange));
  if (exchange.server.frames.length > 1) words.push(`${exchange.server.frames.length} frames, ${bytes(wireLength(exchange.server))}`);
  return element("span", { class: "trace-soft" }, words.join("; "));
}

function row(side, direction, cells, continued = false) {
  const classes = `side-${side} ${direction}${continued ? " continued" : ""}`;
  return element("tr", { class: classes, role: "row" }, cells.map((content, i) => cell(i, content)));
}

const cell = (i, content) => element("td", { class: `c-${COLUMNS[i].toLowerCase()}`, role: "cell", "data-name": COLUMNS[i] }, content);

const time = (at, zero, title) => element("time", { title }, seconds(at, zero));

function way(direction, side) {
  const [sign, word] = DIRECTIONS[direction][side];
  return [element("span", { class: "trace-way", "aria-hidden": "true" }, sign), ` ${word}`];
}

const opcode = name => element("span", { class: `trace-opcode ${name}` }, name);

const bit = (set, word) => element("span", { class: set ? "trace-bit set" : "trace-bit", "data-word": word }, set ? "1" : "0");

function message(title, preview) {
  return [element("strong", {}, title), element("span", { class: "trace-preview" }, preview)];
}

function shorten(words) {
  return words.length > PREVIEW_LENGTH ? `${words.slice(0, PREVIEW_LENGTH)}…` : words;
}
