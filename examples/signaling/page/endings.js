// Why a connection ended for good, in words, by its close code.

const ENDINGS = new Map([
  [1000, { line: "You left the room", detail: "The others have been told. Camera and microphone are off.", back: "Join again" }],
  [1008, { line: "The server refused this page", detail: "It says: {reason}.", back: "Try again" }],
  [4001, { line: "The room is full", detail: "Somebody has to leave before you can join.", back: "Try again" }],
  [4002, { line: "The server has no space for another room", detail: "It holds as many as it may.", back: "Try again" }],
  [4009, { line: "You joined from somewhere else", detail: "Another tab of this browser has taken your place, and holds the call now.", back: "Take it back here" }],
]);

const MISUNDERSTOOD = { line: "The page and the server do not understand each other", detail: "The connection ended with {code}: {reason}.", back: "Load the page again" };

// sentenceOf returns {line, detail, back, reason}: what happened, more of it, the
// label of the way back in, and all of it in one.
export function sentenceOf(code, reason) {
  const { line, detail, back } = ENDINGS.get(code) ?? MISUNDERSTOOD;
  const filled = detail.replace("{code}", code).replace("{reason}", reason || "no reason given");
  return { line, detail: filled, back, reason: filled ? `${line}. ${filled}` : `${line}.` };
}
