// What RTCPeerConnection.getStats says (W3C webrtc-stats), cut down to what is shown. Pure.

// figuresOf takes a report and the figures of the report before, or null.
export function figuresOf(report, before) {
  const figures = {
    at: 0, bytes: 0, framesDecoded: 0, width: 0, height: 0, bitrate: 0, framesPerSecond: 0, roundTrip: null, path: null,
  };
  let pair = null;
  for (const entry of report.values()) {
    if (entry.type === "transport" && entry.selectedCandidatePairId) pair = report.get(entry.selectedCandidatePairId) ?? pair;
    if (entry.type === "candidate-pair" && entry.selected) pair ??= entry; // Firefox has no selectedCandidatePairId
    if (entry.type !== "inbound-rtp") continue;
    figures.at = entry.timestamp;
    figures.bytes += entry.bytesReceived ?? 0;
    if (entry.kind !== "video") continue;
    figures.framesDecoded += entry.framesDecoded ?? 0;
    figures.framesPerSecond = entry.framesPerSecond ?? 0;
    figures.width = entry.frameWidth ?? 0;
    figures.height = entry.frameHeight ?? 0;
  }
  const ms = before ? figures.at - before.at : 0;
  if (ms > 0) figures.bitrate = Math.max(0, (figures.bytes - before.bytes) * 8000 / ms);
  if (pair !== null) {
    const local = report.get(pair.localCandidateId), remote = report.get(pair.remoteCandidateId);
    if (pair.currentRoundTripTime !== undefined) figures.roundTrip = pair.currentRoundTripTime * 1000;
    if (local && remote) figures.path = { local: local.candidateType, remote: remote.candidateType, protocol: local.protocol };
  }
  return figures;
}

// inWords returns the figures that there are as pieces of text, by what they are.
export function inWords({ width, height, framesPerSecond, bitrate, roundTrip, path }) {
  const pieces = {};
  if (width > 0) pieces.size = `${width}×${height}`;
  if (framesPerSecond > 0) pieces.rate = `${Math.round(framesPerSecond)} fps`;
  if (bitrate > 0) pieces.bitrate = bitrate >= 1e6 ? `${(bitrate / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bitrate / 1000)} kbit/s`;
  if (roundTrip !== null) pieces.trip = `${roundTrip < 10 ? roundTrip.toFixed(1) : Math.round(roundTrip)} ms`;
  if (path !== null) pieces.path = `${path.local} – ${path.remote}, ${path.protocol}`;
  return pieces;
}
