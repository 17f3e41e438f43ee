// The trace without its looks: what the page and the server say goes in, connections with
// their exchanges come out. An exchange is one message or control frame with what each side
// saw of it, or a state that was reached. Directions are "up", from the page to the
// server, and "down". Times are milliseconds of the page's clock, and arguments.
import { TraceConnection, closeText } from "./trace-connection.js";
import { gist, gistOfPreview, previewWithoutKey, withoutKey } from "./trace-message.js";
import { TraceStore } from "./trace-store.js";

const NOTICEABLE = 0.5; // ms by which the server's clock may be found to be off before rows show it

export class TraceModel {
  members = new Map(); // identity: name
  zero = null; // of the times that are shown: when the page first connected

  #kept;
  #states = new Map(); // identity: what is known last of the member

  constructor({ rows } = {}) {
    this.#kept = new TraceStore(rows);
  }

  // connections are in their order, and the page's events belong to the last.
  get connections() {
    return this.#kept.connections;
  }

  get current() {
    return this.connections.at(-1);
  }

  // changed are the exchanges that have, until whoever shows them empties it.
  get changed() {
    return this.#kept.changed;
  }

  // dropped counts the exchanges that were too many.
  get dropped() {
    return this.#kept.dropped;
  }

  clear() {
    this.#kept.clear();
  }

  nameOf(id) {
    return this.members.get(id) ?? String(id).slice(0, 6);
  }

  // The page's side.

  connecting(at, attempt, url, protocols) {
    const before = this.current;
    if (before && !before.closed) before.abandoned = { at };
    this.zero ??= at;
    const connection = new TraceConnection(at, attempt, url, protocols);
    this.#kept.begin(connection);
    return connection;
  }

  opened(at, { protocol, extensions }) {
    const connection = this.current;
    connection.opened = { at, protocol, extensions };
    connection.clock.opened(at);
    this.#kept.add(connection, { kind: "state", opened: true, page: { at, text: ["open", protocol, extensions].filter(Boolean).join(", ") } });
  }

  sent(at, message) {
    this.#pageMessage(at, "up", message);
  }

  received(at, message) {
    this.#pageMessage(at, "down", message);
  }

  #pageMessage(at, direction, { type, length, message }) {
    const connection = this.current;
    const page = { at, opcode: type, length, message: withoutKey(message) };
    this.#learn(message);
    const about = gist(message);
    const mine = { kind: about.kind, gist: about, direction, page };
    const theirs = connection.pairing[direction].page(mine);
    if (theirs === null || theirs.forgotten) {
      this.#kept.add(connection, mine);
      return;
    }
    this.#kept.grow(theirs, mine); // the server's side was faster
    this.#kept.move(theirs); // to where the page's clock has it
    this.#paired(theirs);
  }

  closing(at, { code, reason }) {
    const connection = this.current;
    connection.closing = { at, code, reason };
    this.#closeSeen(connection, "up", { page: { at, opcode: "close", text: closeText(code, reason) } });
  }

  closed(at, { code, reason, wasClean }) {
    const connection = this.current;
    connection.closed = { at, code, reason, wasClean };
    const text = `closed ${closeText(code, reason)}, ${wasClean ? "clean" : "not clean"}`;
    this.#kept.add(connection, { kind: "state", page: { at, text } });
  }

  // peer is said by the page, mostly of what a message has told already.
  peer(at, { id, name, state }) {
    const known = this.#states.get(id) === state;
    this.#learn({ type: "peer", id, name, state });
    if (this.current && !known) this.#kept.add(this.current, { kind: "state", peer: { id, state }, page: { at, text: `${this.nameOf(id)}: ${state}` } });
  }

  media(at, { id, state }) {
    if (this.current) this.#kept.add(this.current, { kind: "state", media: { id, state }, page: { at, text: `media with ${this.nameOf(id)}: ${state}` } });
  }

  #learn(message) {
    const members = message?.type === "welcome" ? message.peers ?? [] : message?.type === "peer" ? [message] : [];
    for (const { id, name, state } of members) {
      if (name) this.members.set(id, name);
      this.#states.set(id, state);
    }
  }

  // The server's side.

  // following says how the stream of the server's side stands: see trace-stream.js.
  following(connection, state, detail) {
    connection.stream = { state, detail };
  }

  server(connection, event) {
    if (connection.forgotten) return;
    // What it has no longer the server says itself, or does not mention.
    const missing = event.kind === "lost" ? event.lost : event.n - connection.lastNumber - 1;
    connection.lastNumber = event.n;
    if (missing > 0) {
      connection.partial = { up: null, down: null };
      this.#serverState(connection, event.ms, `${missing} events of this side were no longer kept`);
    }
    if (event.kind === "handshake") connection.handshake = { request: event.request, response: event.response };
    if (event.kind === "frame") this.#frame(connection, event);
    if (event.kind === "state") this.#state(connection, event);
    if (event.kind === "closed") this.#serverClosed(connection, event);
  }

  #frame(connection, { n, ms, dir, opcode, fin, rsv1, masked, length, preview }) {
    const direction = dir === "in" ? "up" : "down";
    const frame = { n, ms, opcode, fin, rsv1, masked, length, preview: previewWithoutKey(preview ?? "") };
    if (opcode === "close") this.#closeSeen(connection, direction, { server: { frames: [frame] } });
    else if (opcode === "ping" || opcode === "pong") this.#pingFrame(connection, direction, frame);
    else this.#dataFrame(connection, direction, frame);
  }

  // dataFrame shows the frames of a message while it is not complete as a message that
  // only the server has seen: no preview says yet which it is.
  #dataFrame(connection, direction, frame) {
    let exchange = frame.opcode === "continuation" ? connection.partial[direction] : null;
    if (exchange) {
      this.#kept.grow(exchange, { server: { frames: [...exchange.server.frames, frame] } });
    } else {
      exchange = { kind: "signal", gist: gist(null), direction, server: { frames: [frame] } };
      if (!frame.fin) this.#kept.add(connection, exchange);
    }
    connection.partial[direction] = frame.fin ? null : exchange;
    if (frame.fin) this.#serverMessage(connection, exchange);
  }

  #serverMessage(connection, exchange) {
    const about = gistOfPreview(exchange.server.frames.at(-1).preview);
    Object.assign(exchange, { kind: about.kind, gist: about });
    const mine = connection.pairing[exchange.direction].server(exchange);
    if (mine === null) {
      if (exchange.id === undefined) this.#kept.add(connection, exchange);
      else if (!exchange.forgotten) this.changed.add(exchange);
      return;
    }
    if (exchange.id !== undefined) this.#kept.remove(exchange);
    this.#kept.grow(mine, { server: exchange.server });
    this.#paired(mine);
  }

  // paired learns from an exchange that both sides have seen how their clocks stand.
  #paired({ connection, direction, page, server }) {
    const { clock } = connection;
    clock[direction](page.at, server.frames.at(-1).ms);
    if (Math.abs(clock.offset - connection.shownOffset) < NOTICEABLE) return;
    connection.shownOffset = clock.offset;
    for (const exchange of connection.exchanges) if (exchange.server) this.changed.add(exchange);
  }

  #pingFrame(connection, direction, frame) {
    const other = direction === "up" ? "down" : "up";
    const exchange = { kind: "ping", direction, server: { frames: [frame] } };
    if (frame.opcode === "ping") {
      connection.pings[direction] = frame.ms;
    } else if (connection.pings[other] !== null) {
      exchange.roundTrip = frame.ms - connection.pings[other];
      connection.pings[other] = null;
    }
    this.#kept.add(connection, exchange);
  }

  // closeSeen takes what one side has seen of the Close frame of a direction.
  #closeSeen(connection, direction, seen) {
    const exchange = connection.closeFrames[direction];
    if (exchange && !exchange.forgotten) this.#kept.grow(exchange, seen);
    else connection.closeFrames[direction] = this.#kept.add(connection, { kind: "close", direction, ...seen });
  }

  #state(connection, { ms, from, to }) {
    connection.transitions.push({ ms, from, to });
    this.#serverState(connection, ms, `${from} → ${to}`);
  }

  #serverClosed(connection, { ms, began, clean, sent, received, cause }) {
    connection.serverClosed = { ms, began, clean, sent, received, cause };
    this.#serverState(connection, ms, clean ? "closed, clean" : `closed, not clean${cause ? `: ${cause}` : ""}`);
  }

  #serverState(connection, ms, text) {
    this.#kept.add(connection, { kind: "state", server: { frames: [], ms, text } });
  }
}
