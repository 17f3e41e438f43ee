// How a connection ends, step by step (RFC 6455 §7), from what the page and the server
// know of it.
import { closeText } from "./trace-connection.js";

// closingOf returns {verdict, words, steps}. verdict is "connecting", "open", "closing",
// "clean", "unclean" or "refused". A step has who ("page", "server", "nobody"), what, note,
// at (on the page's clock, null if unknown) and state: "done", "awaited" or "missing".
export function closingOf(connection) {
  const { lifecycle, closed, abandoned } = connection;
  if (lifecycle === "connecting") return { verdict: "connecting", words: "The opening handshake is not done.", steps: [] };
  if (lifecycle === "refused") {
    return { verdict: "refused", words: "There was no WebSocket: the opening handshake failed.", steps: pageEnd(connection) };
  }
  const over = closed !== null || abandoned !== null || connection.serverClosed !== null;
  if (lifecycle === "open" && !over) return { verdict: "open", words: "Open: nobody has sent a Close frame.", steps: [] };

  const frames = { page: closeFrame(connection, "page"), server: closeFrame(connection, "server") };
  let first = beginner(connection); // who may have done it without a Close frame
  if (!frames[first]) first = frames.page ? "page" : frames.server ? "server" : "nobody";
  const second = first === "page" ? "server" : "page";
  const steps = [];
  if (first === "nobody") {
    steps.push({ who: "nobody", what: "No Close frame", note: "The connection ended without a closing handshake.", at: null, state: "missing" });
  } else {
    steps.push(beginning(first, frames[first]), answer(second, frames[second], over));
  }
  const ends = [transportEnd(connection, frames, over), ...pageEnd(connection)];
  const judged = verdict(connection, over);
  // Without a handshake there is no order in which the two notice.
  if (judged.verdict === "unclean") ends.sort((one, other) => (one.at ?? 0) - (other.at ?? 0));
  return { ...judged, steps: [...steps, ...ends] };
}

const SUBJECT = { page: "The page", server: "The server" };

// beginner is who ended the connection: the server's word if it has one.
function beginner({ serverClosed, closeFrames: { up, down }, closing, closed }) {
  if (serverClosed) return { us: "server", peer: "page", nobody: "nobody" }[serverClosed.began] ?? "nobody";
  if (up?.server && down?.server) return up.server.frames[0].n < down.server.frames[0].n ? "page" : "server";
  if (closing) return "page";
  if (up || down) return up ? "page" : "server";
  return closed?.wasClean ? "server" : "nobody";
}

// closeFrame is the Close frame that one side sent, null if none is known of.
function closeFrame({ clock, closeFrames, closing, closed, serverClosed, opened }, who) {
  const exchange = closeFrames[who === "page" ? "up" : "down"];
  const said = who === "page" ? serverClosed?.received : serverClosed?.sent;
  const seen = exchange?.server?.frames[0];
  if (seen || said) {
    const text = said ? closeText(said.code, said.reason) : closeText(...parseClose(seen.preview));
    return { text, at: exchange?.page?.at ?? (seen ? clock.onPage(seen.ms) : null), called: who === "page" && closing !== null };
  }
  if (who === "page" && closing && opened) return { text: closeText(closing.code, closing.reason), at: closing.at, called: true };
  if (closed?.wasClean) return { text: closeText(closed.code, who === "server" ? closed.reason : ""), at: null, called: false }; // so there was one each way
  return null;
}

// parseClose reads the preview of a Close frame: its code, and a reason if there is one.
export function parseClose(preview) {
  const [, code, reason] = /^\s*(\d{4})?\s*:?\s*(.*)$/s.exec(preview);
  return [code && Number(code), reason.replace(/^["“](.*)["”]$/s, "$1")];
}

function beginning(who, frame) {
  let note = who === "page" ? "Either side may begin. From here on it sends nothing else." : "Nothing follows it from the server.";
  if (who === "page") note = frame?.called ? "The page called close(). Nothing follows it from the page." : "The browser did it by itself: the page was left or reloaded, or something broke the rules.";
  return { who, what: `${SUBJECT[who]} sends Close ${frame?.text ?? ""}`.trim(), note, at: frame?.at ?? null, state: "done" };
}

function answer(who, frame, over) {
  if (frame) {
    const note = who === "page" ? "The browser answers by itself, with the code that it got." : "The handshake is complete: a Close frame each way.";
    return { who, what: `${SUBJECT[who]} answers with Close ${frame.text}`, note, at: frame.at, state: "done" };
  }
  const note = over ? "So the ending is not clean (RFC 6455 §7.1.4)." : "Until it comes, what was sent before it is still read.";
  return { who, what: `${SUBJECT[who]} ${over ? "did not answer" : "has yet to answer"}`, note, at: null, state: over ? "missing" : "awaited" };
}

function transportEnd({ clock, transitions, serverClosed, closed }, frames, over) {
  if (!over) return { who: "server", what: "TCP is still open", note: "The server closes it first once a Close frame has gone each way (RFC 6455 §7.1.1).", at: null, state: "awaited" };
  const end = transitions.findLast(({ to }) => to === "terminated");
  const at = end ? clock.onPage(end.ms) : serverClosed ? clock.onPage(serverClosed.ms) : closed?.at ?? null;
  if (frames.page && frames.server && (serverClosed?.clean ?? closed?.wasClean)) {
    return { who: "server", what: "The server closes TCP", note: "The server first, the browser waits for it (RFC 6455 §7.1.1): so TIME-WAIT, which the first to close has to keep, is the server's.", at, state: "done" };
  }
  const cause = serverClosed?.cause;
  const gaveUp = transitions.some(({ to }) => to === "failed");
  if (gaveUp) return { who: "server", what: "The server fails the connection", note: cause || "It refused what came.", at, state: "done" };
  if (serverClosed) {
    const what = { us: "The server ends TCP", peer: "The page's side ends TCP" }[serverClosed.began] ?? "TCP ends";
    return { who: serverClosed.began === "us" ? "server" : "nobody", what, note: `What the server says of it: ${cause || "nothing"}.`, at, state: "done" };
  }
  return { who: "nobody", what: "TCP ended", note: "The page cannot see who ended it, and the server has not told.", at, state: "done" };
}

// pageEnd is what the page itself gets to know in the end.
function pageEnd({ opened, closed, abandoned }) {
  if (closed) {
    const { at, code, reason, wasClean } = closed;
    const note = opened ? CLOSE_EVENTS[code] ?? "That is what its close event says." : "Why, the browser does not tell: a page is not to find out what there is in the network.";
    return [{ who: "page", what: `The page sees ${code}${reason ? ` “${reason}”` : ""}, wasClean ${wasClean}`, note, at, state: wasClean ? "done" : "missing" }];
  }
  if (abandoned) return [{ who: "page", what: "The page has gone on to another connection", note: "It did not wait for the close event of this one.", at: abandoned.at, state: "done" }];
  return [];
}

const CLOSE_EVENTS = {
  1005: "1005 stands for a Close frame without a code; it is never on the wire.",
  1006: "1006 stands for an ending without a Close frame; it is never on the wire.",
};

function verdict({ serverClosed, closed }, over) {
  if (!over) return { verdict: "closing", words: "Closing: the handshake is under way." };
  const clean = serverClosed ? serverClosed.clean && (closed?.wasClean ?? true) : closed?.wasClean === true;
  if (clean) return { verdict: "clean", words: "Clean: a Close frame each way, then the end of TCP." };
  const sides = serverClosed?.clean !== closed?.wasClean && serverClosed && closed
    ? ` Only ${serverClosed.clean ? "the server" : "the page"} saw both Close frames.` : "";
  return { verdict: "unclean", words: `Not clean.${sides}` };
}
