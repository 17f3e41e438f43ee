// Figures and exchanges in words, as the rows and the diagram have them.
import { title } from "./trace-message.js";

// seconds has three digits behind the point; from is the zero of the trace.
export const seconds = (at, from) => ((at - from) / 1000).toFixed(3);

const GROUPED = new Intl.NumberFormat("en");

export const grouped = n => GROUPED.format(n);

export const bytes = n => `${grouped(n)} ${n === 1 ? "byte" : "bytes"}`;

export function milliseconds(ms) {
  return ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(Math.abs(ms) < 100 ? 1 : 0)} ms`;
}

// shortTitleOf leaves out what a signal acknowledges by the way.
export function shortTitleOf(exchange, nameOf) {
  const { gist } = exchange;
  return titleOf(gist && gist.kind !== "ack" ? { ...exchange, gist: { ...gist, ack: undefined } } : exchange, nameOf);
}

// titleOf is what an exchange is, in a few words.
export function titleOf(exchange, nameOf) {
  const { kind, gist, direction, page, server } = exchange;
  if (kind === "state") return page?.text ?? server.text;
  if (gist) return title(gist, direction, nameOf);
  return page?.text ? `Close ${page.text}` : server.frames[0].opcode;
}

// wireLength is how many bytes of payload the frames of a message have.
export const wireLength = server => server.frames.reduce((sum, frame) => sum + frame.length, 0);

export const compressed = server => server.frames[0]?.rsv1 === true;

// transit is how long the message was under way, by the aligned clocks; null if only one
// side has seen it. It is as good as the alignment: never taken for less than zero.
export function transit({ connection, direction, page, server }) {
  if (!page || !server?.frames.length) return null;
  const there = connection.clock.onPage(server.frames.at(-1).ms);
  return Math.max(0, direction === "up" ? there - page.at : page.at - there);
}

// deflateWords tells what compression made of a message; "" if it is not compressed.
export function deflateWords({ page, server }) {
  if (!server || !compressed(server)) return "";
  return page ? `deflated from ${grouped(page.length)}` : "deflated";
}
