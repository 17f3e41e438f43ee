// What is kept of the trace: the connections and their exchanges in order, and no more
// than so many of them.
import { rowsOf, timeOf } from "./trace-connection.js";

const MOST_ROWS = 2_000;
const MOST_CONNECTIONS = 100;

export class TraceStore {
  connections = []; // oldest first
  dropped = 0; // exchanges that were too many
  changed = new Set(); // exchanges, until whoever shows them empties it

  #limit;
  #rows = 0;
  #nextID = 1;

  constructor(rows = MOST_ROWS) {
    this.#limit = rows;
  }

  // begin takes in the next connection.
  begin(connection) {
    this.connections.push(connection);
    if (this.connections.length > MOST_CONNECTIONS) this.#forget(this.connections.shift());
  }

  // add takes in an exchange, and returns it.
  add(connection, exchange) {
    Object.assign(exchange, { id: this.#nextID++, connection, page: exchange.page ?? null, server: exchange.server ?? null });
    this.#place(exchange);
    this.#count(exchange, rowsOf(exchange));
    return exchange;
  }

  // grow adds to an exchange what has been seen of it since.
  grow(exchange, seen) {
    const before = rowsOf(exchange);
    Object.assign(exchange, seen);
    if (!exchange.forgotten) this.#count(exchange, rowsOf(exchange) - before);
  }

  // move puts an exchange where its time is now.
  move(exchange) {
    if (exchange.forgotten) return;
    this.#take(exchange);
    this.#place(exchange);
  }

  // remove lets an exchange go. Whoever still waits for its other side sees by forgotten
  // that it is no longer there.
  remove(exchange) {
    if (exchange.forgotten) return;
    this.#take(exchange);
    exchange.forgotten = true;
    this.changed.delete(exchange);
    this.#rows -= rowsOf(exchange);
  }

  // clear lets all exchanges go, and the connections that are over.
  clear() {
    for (const connection of this.connections.splice(0, this.connections.length - 1)) this.#forget(connection);
    for (const exchange of [...this.connections.at(-1)?.exchanges ?? []]) this.remove(exchange);
    this.dropped = 0;
  }

  // An exchange that is new is mostly the last.
  #place(exchange) {
    const list = exchange.connection.exchanges;
    const at = timeOf(exchange);
    let place = list.length;
    while (place > 0 && timeOf(list[place - 1]) > at) place--;
    list.splice(place, 0, exchange);
  }

  #take(exchange) {
    const list = exchange.connection.exchanges;
    list.splice(list.indexOf(exchange), 1);
  }

  #count(exchange, rows) {
    this.changed.add(exchange);
    this.#rows += rows;
    while (this.#rows > this.#limit) {
      this.remove(this.connections.find(one => one.exchanges.length > 0).exchanges[0]);
      this.dropped++;
    }
  }

  // The server's side of a connection that is forgotten may still be coming in.
  #forget(connection) {
    for (const exchange of [...connection.exchanges]) this.remove(exchange);
    connection.forgotten = true;
  }
}
