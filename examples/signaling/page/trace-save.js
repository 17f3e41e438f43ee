// Saving: the trace as JSON, and anything as a file.
import { closingOf } from "./trace-closing.js";

// record is all that the trace holds, for a file. Times are milliseconds since the page
// first connected; those of the server since the handshake, as it counts them.
export function record(model) {
  const since = at => Math.round((at - model.zero) * 1000) / 1000;
  const page = side => side && { ...side, at: since(side.at) };
  return {
    members: Object.fromEntries(model.members),
    dropped: model.dropped,
    connections: model.connections.map(connection => ({
      attempt: connection.attempt,
      connection: connection.name,
      url: connection.url,
      protocols: connection.protocols,
      began: since(connection.began),
      opened: page(connection.opened),
      serverZero: since(connection.clock.offset),
      uncertainty: connection.clock.uncertainty,
      handshake: connection.handshake,
      closed: page(connection.closed),
      serverClosed: connection.serverClosed,
      transitions: connection.transitions,
      closing: closingOf(connection).words,
      exchanges: connection.exchanges.map(({ kind, direction, page: seen, server }) => ({ kind, direction, page: page(seen), server })),
    })),
  };
}

// save gives the reader a file.
export function save(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // some browsers begin to read late
}
