// The way in: asks for a name, at the front door also for a room.

import { name as remembered } from "./identity.js";

const WORDS = [
  ["calm", "clear", "early", "gentle", "silver", "quiet", "northern", "open", "steady", "warm", "bright", "distant"],
  ["harbour", "lagoon", "anchor", "beacon", "current", "estuary", "island", "lantern", "mooring", "pier", "shore", "tide"],
];

// suggestion is a room that is hard to run into: two words and four digits.
function suggestion() {
  const numbers = crypto.getRandomValues(new Uint32Array(3));
  const words = WORDS.map((list, i) => list[numbers[i] % list.length]);
  return [...words, 1000 + numbers[2] % 9000].join("-");
}

export class Lobby {
  #field = id => document.getElementById(id);

  // room is "" at the front door. join({name, media}) enters the room that this is.
  constructor({ room, name, media, join }) {
    const form = this.#field("join"), roomField = this.#field("room-name"), nameField = this.#field("name");
    this.#field("join-title").hidden = room === "";
    this.#field("join-title").querySelector("strong").textContent = room;
    this.#field("join-room").hidden = room !== "";
    roomField.value = room || suggestion();
    roomField.oninput = () => roomField.value = roomField.value.replaceAll(/\s+/g, "-");
    this.#field("another").onclick = () => roomField.value = suggestion();
    nameField.value = name;
    form.elements.media.value = media;
    form.onsubmit = event => {
      event.preventDefault();
      const entered = { name: nameField.value.trim(), media: form.elements.media.value };
      if (room !== "") return join(entered);
      remembered.entered(entered.name);
      location.assign(`/rooms/${roomField.value}${entered.media === "video" ? "" : `?media=${entered.media}`}`);
    };
    this.#field("lobby").hidden = false;
    (name === "" ? nameField : form.querySelector("button.primary")).focus();
  }

  // tell shows what the server says of itself.
  tell({ capacity }) {
    if (capacity !== undefined) this.#field("capacity").textContent = capacity;
  }
}
