// What the sequence diagram shows, from top to bottom, before anything is drawn: arrows
// between lifelines, what runs directly between the pages, breaks and ends. Lifelines are
// "page", "server" and the identities of the other members.
import { closingOf, parseClose } from "./trace-closing.js";
import { closeText, timeOf } from "./trace-connection.js";
import { compressed, grouped, milliseconds, bytes, shortTitleOf, titleOf, transit, wireLength } from "./trace-words.js";

// Kinds of which a run becomes one arrow: nothing but these may come in between.
const FOLDABLE = new Set(["candidate", "ack", "ping"]);

// diagramOf returns {lifelines: [{id, name}], items}. Every item has type, at, title and, if
// rows belong to it, exchanges.
export function diagramOf(model) {
  const drawing = new Drawing(model);
  for (const connection of model.connections) drawing.connection(connection);
  return { lifelines: drawing.lifelines, items: drawing.items };
}

class Drawing {
  items = [];
  lifelines = [{ id: "page", name: "this page" }, { id: "server", name: "server" }];
  #nameOf;
  #runs = new Map(); // what may still be folded into an item
  #sent = new Map(); // the highest number of the signals of each pair of sessions

  constructor(model) {
    this.#nameOf = id => model.nameOf(id);
    if (model.dropped > 0) this.#push({ type: "note", at: model.connections[0].began, label: `${model.dropped} earlier rows are no longer kept` });
  }

  connection(connection) {
    const { began, attempt, opened, closed } = connection;
    if (attempt > 1 || this.items.length > 0) this.#push({ type: "break", at: began, label: `attempt ${attempt}` });
    this.#handshake(connection);
    for (const exchange of connection.exchanges) this.#exchange(exchange);
    if (!closed && !connection.serverClosed) return;
    const closing = closingOf(connection);
    const seen = closed ? String(closed.code) : "";
    const end = closing.steps.find(step => step.what.includes("TCP"));
    const words = { clean: "clean", refused: "refused" }[closing.verdict] ?? "not clean";
    this.#push({ type: "end", at: closed?.at ?? end?.at ?? began, verdict: closing.verdict, label: [seen, words].filter(Boolean).join(", "), title: `${end?.what ?? ""}\n${closing.words}`.trim(), opened: opened !== null });
  }

  #handshake({ began, url, protocols, opened, handshake, exchanges }) {
    const path = handshake?.request?.[0]?.split(" ").slice(0, 2).join(" ") ?? `GET ${new URL(url).pathname}`;
    const offers = protocols.length > 0 ? `Upgrade: websocket; ${protocols.join(", ")}` : "Upgrade: websocket";
    this.#push({ type: "arrow", kind: "http", from: "page", to: "server", at: began, label: path, note: offers, title: handshake?.request?.join("\n") ?? url });
    if (!opened) return;
    const agreed = [opened.protocol, opened.extensions?.split(";")[0]].filter(Boolean).join(", ");
    this.#push({ type: "arrow", kind: "http", from: "server", to: "page", at: opened.at, label: "101 Switching Protocols", note: agreed, title: handshake?.response?.join("\n") ?? agreed, exchanges: exchanges.filter(({ opened }) => opened) });
  }

  #exchange(exchange) {
    const { kind, gist } = exchange;
    if (exchange.media) return this.#media(exchange);
    if (exchange.peer) return this.#mark(exchange, exchange.peer.id, exchange.peer.state);
    if (kind === "state") return;
    if (kind === "ping") return this.#ping(exchange);
    const item = this.#arrow(exchange);
    const run = FOLDABLE.has(kind) ? `${kind} ${exchange.direction} ${gist.other}` : null;
    if (run !== null && this.#runs.has(run)) return this.#fold(this.#runs.get(run), exchange);
    this.#push(item);
    if (run !== null) this.#runs.set(run, item);
    this.#marks(exchange);
  }

  #arrow(exchange) {
    const { kind, gist, direction, page, server } = exchange;
    const [from, to] = direction === "up" ? ["page", "server"] : ["server", "page"];
    const item = { type: "arrow", kind, from, to, at: timeOf(exchange), label: shortTitleOf(exchange, this.#nameOf), note: measure(exchange), exchanges: [exchange], count: 1 };
    if (kind === "close" && !page) item.label = `Close ${closeText(...parseClose(server.frames[0].preview))}`;
    // What the server carries on to another member, or from it, nobody here has seen.
    if (gist?.other && gist.name !== "peer" && gist.name !== "gone") {
      this.#lifeline(gist.other);
      item.beyond = gist.other;
    }
    if (gist?.seq !== undefined && gist.name !== "gone" && this.#again(gist, direction)) item.label += ", again";
    item.leaves = gist?.name === "leave"; // and with the page its media
    item.title = `${titleOf(exchange, this.#nameOf)}\n${item.note}`;
    return item;
  }

  // again reports whether a signal of that number has gone that way before.
  #again({ other, seq, session }, direction) {
    const pair = `${direction} ${other} ${session}`;
    const highest = this.#sent.get(pair) ?? 0;
    this.#sent.set(pair, Math.max(highest, seq));
    return seq <= highest;
  }

  #fold(item, exchange) {
    item.exchanges.push(exchange);
    item.count++;
    const { kind, gist } = exchange;
    if (kind === "candidate") {
      const numbers = item.exchanges.map(({ gist }) => gist.seq).filter(seq => seq !== undefined);
      item.label = `${item.count} candidates ${Math.min(...numbers)}–${Math.max(...numbers)} ${exchange.direction === "up" ? "to" : "from"} ${this.#nameOf(gist.other)}`;
    } else {
      item.label = `${titleOf(exchange, this.#nameOf)} (${item.count} of them)`;
    }
    item.note = bytes(item.exchanges.reduce((sum, one) => sum + (one.server ? wireLength(one.server) : one.page.length), 0));
    item.title = item.exchanges.map(one => titleOf(one, this.#nameOf)).join("\n");
  }

  // ping draws a ping with its pong, and those that follow, as one arrow both ways.
  #ping(exchange) {
    const { direction, server, roundTrip } = exchange;
    const pong = server.frames[0].opcode === "pong";
    const run = `ping ${pong === (direction === "down")}`; // by who sent the ping
    let item = this.#runs.get(run);
    if (!item) {
      const [from, to] = (direction === "up") === pong ? ["server", "page"] : ["page", "server"];
      item = { type: "arrow", kind: "ping", from, to, both: true, at: timeOf(exchange), exchanges: [], pings: 0, pongs: 0 };
      this.#push(item);
      this.#runs.set(run, item);
    }
    item.exchanges.push(exchange);
    item[pong ? "pongs" : "pings"]++;
    if (roundTrip !== undefined) item.roundTrip = roundTrip;
    item.label = item.pings === 0 ? "pong" : item.pongs === 0 ? "ping" : "ping, pong";
    if (item.pings > 1) item.label += ` (${item.pings} of them)`;
    item.note = item.roundTrip === undefined ? "no pong yet" : `round trip ${milliseconds(item.roundTrip)}`;
    item.title = `${item.label}\n${item.note}`;
  }

  #media(exchange) {
    const { id, state } = exchange.media;
    if (state === "new") return; // nothing has happened yet
    this.#push({ type: "media", at: exchange.page.at, to: this.#lifeline(id), state, label: `media ${state}`, title: `media with ${this.#nameOf(id)}: ${state}`, exchanges: [exchange] });
  }

  // marks notes on the lifelines of the others what a message tells of them.
  #marks(exchange) {
    const { gist, page } = exchange;
    if (gist?.name === "peer" && gist.other) this.#mark(exchange, gist.other, gist.state);
    if (gist?.name === "welcome") for (const peer of page?.message?.peers ?? []) this.#mark(exchange, peer.id, peer.state);
  }

  // mark is beside the item that tells of it, or stands alone.
  #mark(exchange, id, state) {
    this.#lifeline(id);
    const last = this.items.at(-1);
    if (last?.exchanges?.includes(exchange)) (last.marks ??= []).push({ id, state });
    else this.#push({ type: "mark", at: timeOf(exchange), marks: [{ id, state }], label: "", title: `${this.#nameOf(id)}: ${state}`, exchanges: [exchange] });
  }

  #lifeline(id) {
    if (!this.lifelines.some(line => line.id === id)) this.lifelines.push({ id, name: this.#nameOf(id) });
    return id;
  }

  #push(item) {
    if (!FOLDABLE.has(item.kind)) this.#runs.clear();
    this.items.push(item);
  }
}

// measure is a message in figures, below its arrow.
function measure(exchange) {
  const { page, server, kind } = exchange;
  if (kind === "close") return server ? "" : "not seen by the server";
  const words = page ? [bytes(page.length)] : [];
  if (!page || (server && compressed(server))) words.push(`${page ? grouped(wireLength(server)) : bytes(wireLength(server))} on the wire`);
  const under = transit(exchange);
  if (under !== null) words.push(milliseconds(under));
  else words.push(page ? "not seen at the server" : "not seen by the page");
  return words.join(", ");
}
