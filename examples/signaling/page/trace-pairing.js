// TracePairing joins what the page and the server saw of the same messages in one
// direction of a connection. A WebSocket keeps their order, so the first that one side
// has alone is the first that the other side has alone, unless the server's trace leaves
// some out or says one twice: then the two contradict each other, and the next that
// does not is taken. Those before it stay alone.
export class TracePairing {
  #waiting = { page: [], server: [] };
  #differ;
  #limit;

  // differ reports whether a message the page saw and one the server saw cannot be the
  // same. No more than limit wait on each side: the server's may never come.
  constructor(differ, limit = 500) {
    this.#differ = differ;
    this.#limit = limit;
  }

  // page and server take the next message of their side and return the one of the other
  // side that belongs to it, or null if that has not come.
  page(message) {
    return this.#join(message, "page", "server", other => this.#differ(message, other));
  }

  server(message) {
    return this.#join(message, "server", "page", other => this.#differ(other, message));
  }

  #join(message, side, otherSide, differ) {
    const own = this.#waiting[side];
    const others = this.#waiting[otherSide];
    const at = others.findIndex(other => !differ(other));
    if (at >= 0) {
      own.length = 0; // their partners, if any, came before this one's
      return others.splice(0, at + 1).at(-1);
    }
    own.push(message);
    if (own.length > this.#limit) own.shift();
    return null;
  }
}
