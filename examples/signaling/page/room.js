// Who is in the room: joins the socket, the others and this page's media.

import { Member } from "./member.js";
import { Socket } from "./socket.js";

export class Room {
  #socket;
  #members = new Map(); // by identity
  #media;
  #iceServers;
  #on; // {change(), chat({from, text})}
  #observer;
  #connections = new Map(); // identity: the state that the observer was told
  #join;
  welcome = null; // the last one: id, room, server, capacity, grace

  constructor({ url, codec, join, iceServers, media, observer, on }) {
    this.#join = join;
    this.#iceServers = iceServers;
    this.#media = media;
    this.#observer = observer;
    this.#on = on;
    this.#socket = new Socket({
      url, codec, join,
      on: { observer, message: message => this.#received(message), change: () => this.#socketChanged() },
    });
  }

  get socket() {
    return this.#socket;
  }
  // members are in the order of their names, which is the same on every page.
  get members() {
    return [...this.#members.values()].filter(({ peer }) => peer !== null).sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
  }

  // leave ends the call. The others are told by the server.
  leave() {
    this.#socket.leave();
  }

  // chat says something to everybody, and returns the names of those it did not reach.
  chat(text) {
    return this.members.filter(({ peer }) => !peer?.say({ chat: text })).map(({ name }) => name);
  }

  // mediaChanged: this page sends something else from now on.
  mediaChanged() {
    for (const { peer } of this.#members.values()) {
      peer?.replaceTracks(this.#media.tracks);
      peer?.say({ media: this.#media.summary });
    }
  }

  #socketChanged() {
    const { value } = this.#socket.state;
    if (value !== "joined") for (const member of this.#members.values()) member.pause();
    if (value === "leaving" || value === "ended") for (const id of [...this.#members.keys()]) this.#drop(id);
    this.#on.change();
  }

  #received(message) {
    switch (message.type) {
      case "welcome":
        return this.#welcomed(message);
      case "peer":
        return this.#peer(message);
      case "signal":
        return this.#members.get(message.from)?.receive(message);
      case "gone":
        return this.#members.get(message.to)?.lost();
    }
  }

  #welcomed(message) {
    this.welcome = message;
    this.#observer.follow({ connection: message.connection, key: this.#join.key });
    // Who is not mentioned may have left, or is about to find this server, as this
    // page did: a call that holds is not given up for that.
    const mentioned = new Set(message.peers.map(({ id }) => id));
    for (const member of this.#members.values()) if (!mentioned.has(member.id)) member.lost();
    for (const peer of message.peers) this.#peer(peer);
    this.#on.change();
  }

  #peer({ id, name, session, state, reason }) {
    this.#observer.peer({ id, name, state });
    if (state === "left" && reason !== "lost") return this.#drop(id);
    if (state === "left" && !this.#members.has(id)) return;
    if (!this.#members.has(id)) this.#members.set(id, new Member(id, this.#around(id)));
    this.#members.get(id).update({ name, session, state });
  }

  #drop(id) {
    this.#members.get(id)?.close();
    this.#members.delete(id);
    this.#connections.delete(id);
    this.#on.change();
  }

  // around is the room as a member sees it.
  #around(id) {
    return {
      self: this.welcome.id,
      iceServers: this.#iceServers,
      tracks: () => this.#media.tracks,
      send: message => this.#socket.send(message),
      changed: () => this.#on.change(),
      opened: ({ peer }) => peer.say({ media: this.#media.summary }),
      message: ({ name }, { chat }) => {
        if (chat !== undefined) this.#on.chat({ from: name, text: chat });
        this.#on.change();
      },
      media: ({ connection }) => {
        if (this.#connections.get(id) === connection) return;
        this.#connections.set(id, connection);
        this.#observer.media({ id, state: connection });
      },
    };
  }
}
