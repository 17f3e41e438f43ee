// The WebSocket to the server, and its successors: one is lost, the next is tried.
//
//	idle --> connecting --> joining --> joined --> leaving --> ended
//	             ^             |          |                      ^
//	             |             v          v                      |
//	             +---------- waiting <----+     a final code ----+

import { delay } from "./backoff.js";
import * as cbor from "./cbor.js";

const WELCOME_WITHIN = 10_000; // ms, from the first step of connecting
const GOODBYE_WITHIN = 2000; // ms, for the server to answer a leave

// Two ways to write the same messages.
const CODECS = {
  json: { protocol: "signaling.v1.json", type: "text", write: JSON.stringify, read: JSON.parse },
  cbor: { protocol: "signaling.v1.cbor", type: "binary", write: cbor.encode, read: cbor.decode },
};

export class Socket {
  #codec;
  #url;
  #join; // what the join says, but for the attempt
  #on; // {message(message), change()} and the observer
  #ws = null;
  #timer = 0;
  #attempt = 0;
  #failures = 0; // connections in a row that ended without a welcome
  #state = { value: "idle" };

  constructor({ url, codec, join, on }) {
    this.#url = url;
    this.#codec = CODECS[codec] ?? CODECS.json;
    this.#join = join;
    this.#on = on;
  }

  // state is {value}, and when waiting until, code and reason, when ended code and
  // reason. attempt counts the connections.
  get state() {
    return { ...this.#state, attempt: this.#attempt };
  }

  #become(value, more = {}) {
    this.#state = { value, ...more };
    this.#on.change();
  }

  // connect makes the next connection, whatever there was before.
  connect() {
    this.#abandon();
    const protocols = [this.#codec.protocol];
    this.#attempt++;
    this.#on.observer.connecting(this.#attempt, this.#url, protocols);
    const ws = this.#ws = new WebSocket(this.#url, protocols);
    ws.binaryType = "arraybuffer";
    ws.onopen = () => this.#opened();
    ws.onmessage = event => this.#received(event.data);
    ws.onclose = ({ code, reason, wasClean }) => {
      this.#on.observer.closed({ code, reason, wasClean });
      this.#lost(code, reason);
    };
    // A network that swallows packets answers nothing at all.
    this.#timer = setTimeout(() => this.#giveUp(4008, "no welcome came in time"), WELCOME_WITHIN);
    this.#become("connecting");
  }

  // now does not wait for the rest of the backoff.
  now() {
    if (this.#state.value === "waiting") this.connect();
  }

  // renew is for when the network is back. A connection from before may be dead
  // without knowing, and a new one of the same member takes its place.
  renew() {
    if (this.#state.value === "joined") this.#on.observer.closing({ code: 4008, reason: "the network changed" });
    if (["waiting", "joined"].includes(this.#state.value)) this.connect();
  }

  // leave ends it for good. Others are told that this member left.
  leave() {
    switch (this.#state.value) {
      case "idle": case "leaving": case "ended":
        return;
      case "joined":
        this.#write({ type: "leave" });
        this.#timer = setTimeout(() => this.#ended(1000, "you left"), GOODBYE_WITHIN);
        return this.#become("leaving");
      default:
        this.#ended(1000, "you left");
    }
  }

  // send says something to the server. What is said while there is no connection is
  // lost: the link sends it again.
  send(message) {
    if (this.#state.value === "joined") this.#write(message);
  }

  #write(message) {
    const payload = this.#codec.write(message);
    this.#ws.send(payload);
    this.#on.observer.sent({ type: this.#codec.type, length: lengthOf(payload), message });
  }

  #opened() {
    this.#on.observer.opened({ protocol: this.#ws.protocol, extensions: this.#ws.extensions });
    this.#become("joining");
    this.#write({ type: "join", ...this.#join, attempt: this.#attempt });
  }

  #received(payload) {
    let message;
    try {
      message = this.#codec.read(payload);
    } catch (error) {
      console.error("a message of the server cannot be read:", error);
      return this.#giveUp(4007, "a message could not be read");
    }
    const type = typeof payload === "string" ? "text" : "binary";
    this.#on.observer.received({ type, length: lengthOf(payload), message });
    if (message.type === "welcome" && this.#state.value === "joining") {
      clearTimeout(this.#timer);
      this.#failures = 0;
      this.#become("joined");
    }
    this.#on.message(message);
  }

  #giveUp(code, reason) {
    this.#on.observer.closing({ code, reason });
    this.#abandon(code, reason);
    this.#lost(1006, reason);
  }

  #lost(code, reason) {
    clearTimeout(this.#timer);
    this.#ws = null;
    if (this.#state.value === "leaving") return this.#ended(1000, "you left");
    const wait = delay(code, this.#failures, Math.random());
    if (wait === null) return this.#ended(code, reason);
    if (this.#state.value !== "joined") this.#failures++;
    this.#timer = setTimeout(() => this.connect(), wait);
    this.#become("waiting", { until: performance.now() + wait, code, reason });
  }

  #ended(code, reason) {
    this.#abandon(1000, reason);
    this.#become("ended", { code, reason });
  }

  // abandon lets go of the socket there is. The code is not 1000 or 1001, unless this
  // page left: the others are to see it away, not gone.
  #abandon(code = 4008, reason = "replaced by another connection") {
    clearTimeout(this.#timer);
    if (this.#ws === null) return;
    this.#ws.onopen = this.#ws.onmessage = this.#ws.onclose = null;
    this.#ws.close(code, reason);
    this.#ws = null;
  }
}

function lengthOf(payload) {
  return typeof payload === "string" ? new TextEncoder().encode(payload).length : payload.byteLength;
}
