// One RTCPeerConnection with another page: perfect negotiation (W3C webrtc §10.7),
// trickle ICE, ICE restarts, tracks in and out.

import { Channel } from "./channel.js";
import { figuresOf } from "./statistics.js";

const STATISTICS_EVERY = 1000; // ms
// How long "disconnected" may last before ICE is restarted, in ms. It often mends
// itself. The caller is first, so that the two seldom offer at once.
const PATIENCE = { caller: 3000, called: 5000 };
const RESTART_AT_MOST = 15_000; // ms between restarts that did not help

export class Peer {
  #connection;
  #channel;
  #role; // "caller" or "called"; the called is the polite one
  #tracks;
  #on; // {signal(data), change(), message(message), open(), outdated(data)}
  #tasks = Promise.resolve(); // one after the other, so that no step meets another half done
  #restart = { timer: 0, after: 0 };
  #statistics;
  figures = null;
  stream = new MediaStream();

  constructor({ role, iceServers, tracks, on }) {
    this.#role = role;
    this.#tracks = tracks;
    this.#on = on;
    const connection = this.#connection = new RTCPeerConnection({ iceServers });
    connection.onnegotiationneeded = () => this.#task(() => this.#offer());
    connection.onicecandidate = ({ candidate }) => on.signal({ candidate: candidate?.toJSON() ?? null });
    connection.onconnectionstatechange = () => this.#connectionChanged();
    connection.ontrack = ({ track }) => this.stream.addTrack(track);
    this.#channel = new Channel(connection, on);
    if (role === "caller") {
      // One of each from the start, with a track or without: what is switched on
      // later needs no negotiation.
      for (const kind of ["audio", "video"]) {
        connection.addTransceiver(tracks[kind] ?? kind, { direction: "sendrecv", streams: [tracks.stream] });
      }
    }
    this.#statistics = setInterval(() => this.#measure(), STATISTICS_EVERY);
  }

  get state() {
    return this.#connection.connectionState;
  }
  get bytes() {
    return { sent: this.#channel.bytesSent, received: this.#channel.bytesReceived };
  }

  // say sends a message over the data channel, and returns whether it could.
  say(message) {
    return this.#channel.send(message);
  }

  // replaceTracks sends other tracks, or none, from now on.
  replaceTracks(tracks) {
    this.#tracks = tracks;
    this.#task(() => this.#sendTracks());
  }

  // receive takes the data of a signal of the other page.
  receive(data) {
    this.#task(async () => {
      if (data?.description) await this.#describe(data);
      else if (data?.candidate !== undefined) await this.#candidate(data.candidate);
    });
  }

  // restartIce looks for a new path between the pages.
  restartIce() {
    this.#connection.restartIce();
  }

  close() {
    clearTimeout(this.#restart.timer);
    clearInterval(this.#statistics);
    this.#channel.close();
    this.#connection.close();
  }

  #task(step) {
    this.#tasks = this.#tasks.then(() => this.state === "closed" ? undefined : step()).catch(error => {
      if (this.state !== "closed") console.error("negotiation:", error);
    });
  }

  async #offer() {
    const { signalingState, remoteDescription } = this.#connection;
    // Of two pages one calls. An offer that cannot be made now is asked for again
    // when the state is stable.
    if (signalingState !== "stable" || this.#role === "called" && !remoteDescription) return;
    await this.#connection.setLocalDescription();
    this.#on.signal({ description: this.#connection.localDescription.toJSON() });
  }

  async #describe(data) {
    const { description } = data, connection = this.#connection;
    // Our offer is on its way, or about to be: the other gives way, and answers it.
    const ours = connection.signalingState === "have-local-offer" || !connection.remoteDescription;
    if (description.type === "offer" && ours && this.#role === "caller") return;
    if (description.type === "answer" && connection.signalingState !== "have-local-offer") return;
    // The other page has another RTCPeerConnection than before: it gave up the old
    // one while the two could not hear each other.
    const before = connection.remoteDescription;
    if (before && sessionOf(before.sdp) !== sessionOf(description.sdp)) return this.#on.outdated(data);
    await connection.setRemoteDescription(description); // takes a crossing offer of ours back
    if (description.type !== "offer") return;
    for (const transceiver of connection.getTransceivers()) {
      if (transceiver.currentDirection !== null) continue;
      transceiver.direction = "sendrecv";
      transceiver.sender.setStreams?.(this.#tracks.stream); // so that sound and picture stay together
    }
    await this.#sendTracks();
    await connection.setLocalDescription();
    this.#on.signal({ description: connection.localDescription.toJSON() });
  }

  async #candidate(candidate) {
    const { remoteDescription } = this.#connection;
    const fragment = candidate?.usernameFragment;
    // Of an offer that was passed over, or of one before a restart.
    if (!remoteDescription || fragment && !remoteDescription.sdp.includes(`a=ice-ufrag:${fragment}\r\n`)) return;
    await this.#connection.addIceCandidate(candidate ?? undefined);
  }

  async #sendTracks() {
    for (const { sender, receiver } of this.#connection.getTransceivers()) {
      const track = this.#tracks[receiver.track.kind];
      if (sender.track !== track) await sender.replaceTrack(track);
    }
  }

  #connectionChanged() {
    clearTimeout(this.#restart.timer);
    switch (this.state) {
      case "connected":
        this.#restart.after = 0;
        break;
      case "disconnected":
        this.#restartIn(PATIENCE[this.#role]);
        break;
      case "failed":
        this.#restartIn(this.#restart.after);
        break;
    }
    this.#on.change();
  }

  #restartIn(ms) {
    this.#restart.timer = setTimeout(() => {
      this.#restart.after = Math.min(Math.max(1000, 2 * this.#restart.after), RESTART_AT_MOST);
      // An offer that is still to be answered is as good as another one.
      if (this.#connection.signalingState === "stable") this.restartIce();
      this.#restartIn(RESTART_AT_MOST);
    }, ms);
  }

  async #measure() {
    const report = await this.#connection.getStats().catch(() => null);
    if (report === null || this.state === "closed") return;
    this.figures = figuresOf(report, this.figures);
    this.#on.change();
  }
}

// sessionOf returns the session id of a description, which is the same as long as
// the RTCPeerConnection that made it (RFC 8829 §5.2.1).
function sessionOf(sdp) {
  return /^o=\S+ (\d+)/m.exec(sdp)?.[1];
}
