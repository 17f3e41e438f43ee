// When to connect again, if at all, after a connection ended. Pure: chance is an argument.

const FIRST = 500, LONGEST = 15_000; // ms

// What an end means for the next connection, by its close code. Codes that are not
// here, 1006 above all, are a lost connection: again, later each time.
const KINDS = new Map([
  [1000, "final"], // this page left
  [1001, "soon"], // the server goes away; the next one is there already, or is about to be
  [1012, "soon"], // the same, from a proxy
  [1002, "final"], [1003, "final"], [1007, "final"], [1009, "final"], [1010, "final"], // it would happen again
  [1008, "final"], // the server does not want what this page says
  [1013, "wait"], // this page did not read, or the server is busy
  [4001, "final"], // the room is full
  [4002, "final"], // there are too many rooms
  [4009, "final"], // this member is connected from somewhere else
]);

// delay returns the ms until the next connection, or null if there is to be none.
// failures counts the connections in a row that ended without a welcome, random is
// from 0 to 1. Half of every delay is chance, so that the pages of a server that fell
// over do not all come back in the same moment.
export function delay(code, failures, random) {
  const longest = Math.min(LONGEST, FIRST * 2 ** Math.min(failures, 10));
  switch (KINDS.get(code)) {
    case "final":
      return null;
    case "soon":
      if (failures === 0) return Math.round(FIRST * random);
      break;
    case "wait":
      return Math.round(Math.max(5000, longest) * (1 + random) / 2);
  }
  return Math.round(longest * (1 + random) / 2);
}
