// What is known of one connection: one attempt of the page to reach the server.
import { TraceClock } from "./trace-clock.js";
import { contradicts } from "./trace-message.js";
import { TracePairing } from "./trace-pairing.js";

export class TraceConnection {
  exchanges = []; // in the order of the page's clock

  // The page's side. Those that have not happened are null.
  opened = null; // {at, protocol, extensions}
  closing = null; // {at, code, reason}: the page asked for it
  closed = null; // {at, code, reason, wasClean}
  abandoned = null; // {at}: the page went on to the next without waiting for closed

  // The server's side.
  name = null; // by which the server knows it
  stream = { state: "none", detail: "" }; // "none", or what trace-stream.js says
  lastNumber = 0; // of its events
  handshake = null; // {request, response}
  transitions = []; // {ms, from, to}
  serverClosed = null; // {ms, began, clean, sent, received, cause}

  // By direction, of what is not complete yet.
  pairing = { up: new TracePairing(differ), down: new TracePairing(differ) };
  partial = { up: null, down: null }; // exchanges whose last frame is to come
  pings = { up: null, down: null }; // server's times of pings without a pong
  closeFrames = { up: null, down: null }; // exchanges

  constructor(at, attempt, url, protocols) {
    Object.assign(this, { began: at, attempt, url: String(url), protocols: [protocols ?? []].flat() });
    this.clock = new TraceClock(at);
  }

  // lifecycle is where the connection stands for the page.
  get lifecycle() {
    if (this.closed || this.abandoned) return this.opened ? "closed" : "refused";
    if (!this.opened) return "connecting";
    return this.closing || this.closeFrames.up || this.closeFrames.down ? "closing" : "open";
  }
}

// differ compares a message the page saw with one the server saw.
function differ(mine, theirs) {
  return mine.page.opcode !== theirs.server.frames[0].opcode || contradicts(mine.gist, theirs.gist);
}

// timeOf is when an exchange began, on the page's clock.
export function timeOf({ connection, page, server }) {
  return page?.at ?? connection.clock.onPage(server.ms ?? server.frames[0].ms);
}

// rowsOf is how many rows an exchange takes.
export function rowsOf({ page, server }) {
  return (page ? 1 : 0) + (server ? Math.max(server.frames.length, 1) : 0);
}

export function closeText(code, reason) {
  if (code === undefined || code === 1005) return "without a code";
  return reason ? `${code} “${reason}”` : String(code);
}
