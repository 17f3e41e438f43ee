// The data channel between two pages: chat, what the other's microphone and camera
// do, and a heartbeat of a few bytes. Nothing of it goes through the server.

const BEAT_EVERY = 2000; // ms
export const LONGEST_CHAT = 2000; // characters

export class Channel {
  #channel;
  #on; // {open(), message(message)}
  #beats = 0;
  #timer = 0;
  bytesSent = 0;
  bytesReceived = 0;

  // Both pages make the channel by themselves, with the same id (W3C webrtc
  // §6.2, negotiated), so that there is none to announce and no two that cross.
  constructor(connection, on) {
    this.#on = on;
    this.#channel = connection.createDataChannel("page", { negotiated: true, id: 0 });
    this.#channel.onopen = () => {
      this.#timer = setInterval(() => this.send({ beat: ++this.#beats }), BEAT_EVERY);
      on.open();
    };
    this.#channel.onclose = () => clearInterval(this.#timer);
    this.#channel.onmessage = event => this.#received(event.data);
  }

  // send returns whether the message is on its way.
  send(message) {
    if (this.#channel.readyState !== "open") return false;
    const text = JSON.stringify(message);
    try {
      this.#channel.send(text);
    } catch {
      return false; // its buffer is full, the other has been away for long
    }
    this.bytesSent += new TextEncoder().encode(text).length;
    return true;
  }

  #received(text) {
    if (typeof text !== "string") return;
    this.bytesReceived += new TextEncoder().encode(text).length;
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return; // another page, another time: not worth the call
    }
    if (typeof message?.chat === "string") this.#on.message({ chat: message.chat.slice(0, LONGEST_CHAT) });
    if (typeof message?.media === "object" && message.media !== null) {
      const { audio, video } = message.media;
      this.#on.message({ media: { audio: String(audio), video: String(video) } });
    }
  }

  close() {
    clearInterval(this.#timer);
    this.#channel.close();
  }
}
