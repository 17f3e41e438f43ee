// One of the others in the room: what the server says of it, the link to its page
// and the connection with it. The server's word and the connection are independent:
// either may be lost while the other holds.

import { Link } from "./link.js";
import { Peer } from "./peer.js";

const GIVE_UP_AFTER = 15_000; // ms that one who is gone, and not connected, is kept

export class Member {
  #room; // {self, iceServers, tracks(), send(message), changed(), media(member), message(member, message), opened(member)}
  #link;
  #peer = null;
  #timers = { link: null, gone: null };
  #presence = "away"; // "present", "away", "left": away for longer than the server waits
  id;
  name = "";
  session = null;
  media = { audio: "", video: "" }; // as the other page says

  constructor(id, room) {
    this.id = id;
    this.#room = room;
  }

  // peer is the connection, or null. It is given up when the member is gone for long.
  // The link is not: its numbers go on if the same session comes back.
  get peer() {
    return this.#peer;
  }
  get presence() {
    return this.#presence === "present" ? "present" : "away";
  }
  get connection() {
    return this.#peer?.state ?? "closed";
  }

  // update takes what the server says of the member.
  update({ name, session, state }) {
    this.name = name;
    if (session !== this.session) this.#meet(session);
    else if (this.#peer === null && state !== "left") this.#open();
    this.#become(state);
  }

  // lost: the server does not know the member, or not yet.
  lost() {
    this.#become("left");
  }

  // pause: this page has no connection to send signals on.
  pause() {
    this.#link.pause();
  }

  receive(signal) {
    // Signals of a page that has been loaded again meanwhile are for nobody.
    if (signal.session !== this.session) return;
    this.#link.receive(signal, performance.now());
    this.#schedule();
  }

  close() {
    this.#link?.pause();
    this.#hangUp();
    clearTimeout(this.#timers.link);
  }

  #hangUp() {
    if (this.#peer === null) return;
    const peer = this.#peer;
    this.#peer = null;
    peer.close();
    this.#checkGone();
    this.#room.media(this);
    this.#room.changed();
  }

  // Whoever can still be seen and heard is there, whatever the server says.
  #checkGone() {
    const gone = this.#peer !== null && this.#presence === "left" && this.connection !== "connected";
    if (!gone) {
      clearTimeout(this.#timers.gone);
      this.#timers.gone = null;
    } else {
      this.#timers.gone ??= setTimeout(() => this.#hangUp(), GIVE_UP_AFTER);
    }
  }

  #become(presence) {
    this.#presence = presence;
    if (presence === "present") this.#link.resume(performance.now());
    else this.#link.pause();
    this.#schedule();
    this.#checkGone();
    this.#room.changed();
  }

  #meet(session) {
    this.close();
    this.session = session;
    this.#link = new Link(
      signal => this.#room.send({ type: "signal", to: this.id, session: this.session, ...signal }),
      data => this.#peer?.receive(data),
    );
    this.#open();
  }

  #open() {
    this.media = { audio: "", video: "" };
    const peer = this.#peer = new Peer({
      role: this.#room.self < this.id ? "caller" : "called",
      iceServers: this.#room.iceServers,
      tracks: this.#room.tracks(),
      on: {
        signal: data => {
          if (peer !== this.#peer) return; // of a connection that has been given up
          this.#link.signal(data, performance.now());
          this.#schedule();
        },
        open: () => this.#room.opened(this),
        message: message => {
          if (peer !== this.#peer) return;
          if (message.media) this.media = message.media;
          this.#room.message(this, message);
        },
        change: () => {
          if (peer !== this.#peer) return;
          this.#checkGone();
          this.#room.media(this);
          this.#room.changed();
        },
        // An offer of the other's new connection is for a new one here. An answer was
        // to an offer of the old one, so there is nothing to do with it but to call.
        outdated: data => {
          this.#hangUp();
          this.#open();
          if (data.description.type === "offer") this.#peer.receive(data);
        },
      },
    });
  }

  #schedule() {
    clearTimeout(this.#timers.link);
    const due = this.#link.due;
    if (due === null) return;
    this.#timers.link = setTimeout(() => {
      this.#link.tick(performance.now());
      this.#schedule();
    }, Math.max(0, due - performance.now()));
  }
}
