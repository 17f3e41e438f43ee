import assert from "node:assert/strict";
import { test } from "node:test";
import { figuresOf, inWords } from "../page/statistics.js";

// report is what getStats answers, as far as it is read.
function report(timestamp, bytes, frames, more = []) {
  return new Map([
    { id: "t", type: "transport", selectedCandidatePairId: "p" },
    { id: "q", type: "candidate-pair", currentRoundTripTime: 9, localCandidateId: "l", remoteCandidateId: "l" },
    { id: "p", type: "candidate-pair", currentRoundTripTime: 0.0042, localCandidateId: "l", remoteCandidateId: "r" },
    { id: "l", type: "local-candidate", candidateType: "host", protocol: "udp" },
    { id: "r", type: "remote-candidate", candidateType: "srflx" },
    { id: "a", type: "inbound-rtp", kind: "audio", timestamp, bytesReceived: 1000 },
    { id: "v", type: "inbound-rtp", kind: "video", timestamp, bytesReceived: bytes, framesDecoded: frames, frameWidth: 960, frameHeight: 540, framesPerSecond: 24 },
    ...more,
  ].map(entry => [entry.id, entry]));
}

test("frames, size, bit rate, round trip and path", () => {
  const first = figuresOf(report(1000, 4000, 3), null);
  assert.equal(first.framesDecoded, 3);
  assert.equal(first.bitrate, 0); // of one point in time there is none
  const second = figuresOf(report(2000, 254_000, 27), first);
  assert.equal(second.bitrate, 2_000_000);
  assert.deepEqual(inWords(second), { size: "960×540", rate: "24 fps", bitrate: "2.0 Mbit/s", trip: "4.2 ms", path: "host – srflx, udp" });
});

test("a stream that began anew has no negative bit rate", () => {
  const first = figuresOf(report(1000, 90_000, 3), null);
  assert.equal(figuresOf(report(2000, 10, 1), first).bitrate, 0);
});

test("the selected pair, where no transport names one", () => {
  const without = report(1000, 1, 1);
  without.delete("t");
  without.get("p").selected = true;
  assert.equal(figuresOf(without, null).roundTrip, 4.2);
});

test("nothing yet", () => {
  assert.deepEqual(inWords(figuresOf(new Map(), null)), {});
});
