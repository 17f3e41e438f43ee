// The state that the user is in, and its words. Pure: a function of what is known.

import { sentenceOf } from "./endings.js";

// stateOf takes the state of the socket and the others as {name, presence,
// connection}. It returns {state, line, detail}: state for machines, line for the
// header, detail for who wants to know more, both possibly with a reason.
export function stateOf(socket, members) {
  switch (socket.value) {
    case "idle":
      return { state: "idle", line: "Not in the room yet", detail: "" };
    case "leaving": case "ended": {
      const { code = 1000, reason = "" } = socket;
      return { state: "ended", code, ...sentenceOf(code, reason) };
    }
    case "joined":
      return together(members);
    case "waiting":
      return { state: "reconnecting", code: socket.code, line: "Connection to the server lost", detail: meanwhile(members) };
  }
  if (socket.attempt <= 1) return { state: "connecting", line: "Connecting to the server", detail: "" };
  return { state: "reconnecting", line: "Connecting to the server again", detail: meanwhile(members) };
}

function together(members) {
  const named = presence => members.filter(member => member.presence === presence);
  const present = named("present"), away = named("away");
  if (members.length === 0) return { state: "waiting", line: "You are the only one here", detail: "" };
  if (present.length === 0) {
    const heard = away.every(({ connection }) => connection === "connected");
    return {
      state: "lost", line: `${list(away)} lost the connection`,
      detail: heard ? "Picture and sound do not go through the server, and may still arrive." : "Waiting for the way back. There is nothing you need to do.",
    };
  }
  const connected = present.filter(({ connection }) => connection === "connected");
  const detail = away.length > 0 ? `${list(away)} lost the connection and may come back.` : "";
  if (connected.length === 0) return { state: "call", line: `Reaching ${list(present)}`, detail };
  const reached = connected.length < present.length ? `In a call with ${connected.length} of ${present.length}` : `In a call with ${list(present)}`;
  return { state: "call", line: reached, detail };
}

function meanwhile(members) {
  const connected = members.filter(({ connection }) => connection === "connected");
  return connected.length > 0 ? `The call with ${list(connected)} goes on: it does not go through the server.` : "";
}

// list is names as one says them: “Ann, Bo and Cy”.
export function list(members) {
  return new Intl.ListFormat("en-GB").format(members.map(({ name }) => name || "somebody"));
}
