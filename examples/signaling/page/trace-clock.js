// TraceClock tells where on the page's clock a moment of the server's clock is. The server
// counts from the opening handshake, which took place between the page's call of
// new WebSocket and its open event. Each message that both ends saw narrows that down,
// since it cannot have arrived before it was sent; and as the two clocks drift apart by
// and by, the latest evidence wins.
export class TraceClock {
  #earliest;
  #latest = Infinity;

  // All times are in milliseconds.
  constructor(began) {
    this.#earliest = began;
  }

  opened(at) {
    this.#notLater(at);
  }

  // up is a message from the page; down is one from the server.
  up(pageAt, serverMs) {
    this.#earliest = Math.max(this.#earliest, pageAt - serverMs);
    this.#latest = Math.max(this.#latest, this.#earliest);
  }

  down(pageAt, serverMs) {
    this.#notLater(pageAt - serverMs);
  }

  #notLater(offset) {
    this.#latest = Math.min(this.#latest, offset);
    this.#earliest = Math.min(this.#earliest, this.#latest);
  }

  // offset is the server's zero on the page's clock.
  get offset() {
    return Number.isFinite(this.#latest) ? (this.#earliest + this.#latest) / 2 : this.#earliest;
  }

  // uncertainty is by how much the offset may be wrong, each way.
  get uncertainty() {
    return (this.#latest - this.#earliest) / 2;
  }

  onPage(serverMs) {
    return this.offset + serverMs;
  }
}
