// The server's side of a connection: GET /trace/{connection}, server-sent events with an
// Authorization header. EventSource sends no such header, so this is fetch and a parser.

const FIRST_DELAY = 1_000; // ms, before the first return to a stream that broke
const LONGEST_DELAY = 15_000; // ms
const MOST_FAILURES = 8; // in a row without an event, then it is given up
const LONGEST_LINE = 1 << 20; // characters; the server's are a few thousand

// EventParser parses server-sent events (HTML Standard §9.2.6), cut into pieces in any way.
export class EventParser {
  #rest = ""; // a line that is not complete
  #afterCR = false; // a LF that comes now belongs to the CR before
  #data = [];
  #type = "";

  // push takes the next piece and returns the events that it completes.
  push(text) {
    if (text === "") return [];
    if (this.#afterCR && text.startsWith("\n")) text = text.slice(1);
    this.#afterCR = text === "" ? false : text.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop();
    if (this.#rest.length > LONGEST_LINE) throw new Error("a line of the server's trace is too long");
    return lines.map(line => this.#line(line)).filter(event => event !== null);
  }

  #line(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon); // "" is a comment
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    if (field === "event") this.#type = value;
    return null;
  }

  #dispatch() {
    const event = { type: this.#type || "message", data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    this.#data = [];
    this.#type = "";
    return empty ? null : event;
  }
}

// eventsOf yields the events in a body. Whoever stops early has cancelled it.
async function* eventsOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return; // HTML Standard: an event that is not complete is dropped
      for (const event of parser.push(decoder.decode(value, { stream: true }))) yield JSON.parse(event.data);
    }
  } finally {
    await reader.cancel().catch(() => {}); // of a stream that has failed: there is nothing left to cancel
  }
}

// Refused is an answer that another attempt would not change.
class Refused extends Error {}

async function open(url, key, signal, fetch) {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${key}` }, cache: "no-store", signal });
  if (response.ok && response.headers.get("Content-Type")?.startsWith("text/event-stream")) return response.body;
  await response.body?.cancel();
  const passing = response.status >= 500 || response.status === 408 || response.status === 429;
  if (passing) throw new Error(`HTTP ${response.status}`);
  throw new Refused(response.ok ? "not a stream of events" : `HTTP ${response.status}`);
}

// followTrace calls onEvent with each event of the connection's trace once, in order of its
// number, comes back when the stream breaks, and ends after "closed". onState is told
// "connecting", "following", "interrupted", and one of "ended", "refused", "lost", with
// a detail for people. fetch and wait are for tests.
export async function followTrace({ connection, key }, { onEvent, onState, signal, fetch = globalThis.fetch, wait = sleep }) {
  const url = `/trace/${encodeURIComponent(connection)}`;
  let last = 0;
  for (let failures = 0; ;) {
    let why = "the stream ended before the connection did";
    try {
      onState("connecting", "");
      const body = await open(url, key, signal, fetch.bind(globalThis));
      onState("following", "");
      for await (const event of eventsOf(body)) {
        if (!(event.n > last)) continue; // sent again after coming back
        last = event.n;
        failures = 0;
        onEvent(event);
        if (event.kind === "closed") return onState("ended", "");
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof Refused) return onState("refused", error.message);
      why = error.message;
    }
    failures++;
    if (failures > MOST_FAILURES) return onState("lost", why);
    onState("interrupted", why);
    await wait(Math.min(FIRST_DELAY * 2 ** (failures - 1), LONGEST_DELAY), signal);
    if (signal?.aborted) return;
  }
}

function sleep(ms, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
