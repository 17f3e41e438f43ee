// The pictures: this page's own and one of each of the others.

import { inWords } from "./statistics.js";

const STANDINGS = {
  new: "Not connected yet", connecting: "Connecting", connected: "", disconnected: "Path lost", failed: "Path lost, looking for another", closed: "Closed",
};

export class Tiles {
  #container = document.getElementById("tiles");
  #template = document.getElementById("tile");
  #self = document.getElementById("self");
  #tiles = new Map(); // article by identity

  // show brings the tiles up to date with the others.
  show(members) {
    this.#container.dataset.count = members.length;
    for (const [id, tile] of this.#tiles) {
      if (members.some(member => member.id === id)) continue;
      tile.remove();
      this.#tiles.delete(id);
    }
    for (const member of members) {
      if (!this.#tiles.has(member.id)) this.#add(member.id);
      this.#update(this.#tiles.get(member.id), member);
    }
  }

  // showSelf shows what this page sends: the summary and tracks of its media.
  showSelf(name, { audio, video }, track) {
    this.#caption(this.#self, name, audio, video, track !== null);
    text(this.#self, ".standing", { asking: "Asking for the camera", screen: "Showing the screen", unavailable: "No camera", stopped: "Camera off", off: "No camera" }[video] ?? "");
    const picture = this.#self.querySelector("video");
    if ((picture.srcObject?.getVideoTracks()[0] ?? null) !== track) picture.srcObject = track && new MediaStream([track]);
  }

  #add(id) {
    const tile = this.#template.content.cloneNode(true).querySelector("article");
    tile.dataset.peer = id;
    tile.querySelector(".sound").onclick = event => {
      tile.querySelector("video").muted = false;
      event.currentTarget.hidden = true;
    };
    this.#tiles.set(id, tile);
    this.#container.insertBefore(tile, this.#self);
  }

  #update(tile, { name, presence, connection, media, peer }) {
    Object.assign(tile.dataset, { presence, connection });
    this.#play(tile, peer.stream);
    const figures = peer.figures;
    this.#caption(tile, name, media.audio, media.video, (figures?.width ?? 0) > 0 && (media.video === "" || media.video === "on" || media.video === "screen"));
    const standing = STANDINGS[connection];
    text(tile, ".standing", presence === "away" ? ["Away", standing].filter(Boolean).join(" · ") : standing);
    this.#figures(tile.querySelector(".figures"), figures && connection === "connected" ? inWords(figures) : {});
    const counters = { framesDecoded: figures?.framesDecoded ?? 0, bytesReceived: peer.bytes.received, bytesSent: peer.bytes.sent };
    const words = { framesDecoded: "frames", bytesReceived: "B in", bytesSent: "B out" };
    const places = tile.querySelectorAll(".counters span");
    for (const [i, [key, value]] of Object.entries(counters).entries()) {
      places[i].dataset[key] = value;
      places[i].textContent = `${value.toLocaleString("en")} ${words[key]}`;
    }
  }

  #figures(place, pieces) {
    place.replaceChildren(...Object.entries(pieces).map(([what, words]) => {
      const piece = document.createElement("span");
      piece.className = what;
      piece.textContent = words;
      return piece;
    }));
    place.title = Object.values(pieces).join(" · ");
  }

  #caption(tile, name, audio, video, visible) {
    text(tile, ".name", name);
    text(tile, ".initials", initials(name));
    Object.assign(tile.dataset, { audio, video: visible ? video || "on" : "off" });
  }

  // A browser may refuse to play sound before the user has done anything on the page.
  async #play(tile, stream) {
    const picture = tile.querySelector("video");
    if (picture.srcObject === stream) return;
    picture.srcObject = stream;
    try {
      await picture.play();
    } catch (error) {
      if (error.name !== "NotAllowedError") return; // another stream has taken its place
      picture.muted = true;
      tile.querySelector(".sound").hidden = false;
      picture.play().catch(() => {}); // without sound it may
    }
  }
}

function text(tile, selector, value) {
  const place = tile.querySelector(selector);
  if (place.textContent !== value) place.textContent = value;
}

// initials are the first letters of the first and the last word.
function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return [words.at(0), words.length > 1 ? words.at(-1) : ""].map(word => [...word ?? ""][0] ?? "").join("").toUpperCase();
}
