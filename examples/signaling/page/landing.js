// The landing page: a room and a name, then into the call.

import { name } from "./identity.js";

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

const field = id => document.getElementById(id);

field("room").value = suggestion();
field("name").value = name.suggested();
field("another").onclick = () => {
  field("room").value = suggestion();
  field("room").focus();
};
field("room").oninput = ({ target }) => target.value = target.value.replaceAll(/\s+/g, "-");
field("enter").onsubmit = event => {
  event.preventDefault();
  name.entered(field("name").value.trim());
  const media = new FormData(field("enter")).get("media");
  const query = media === "video" ? "" : `?media=${media}`;
  location.assign(`/rooms/${field("room").value}${query}`);
};

try {
  const { capacity } = await (await fetch("/config.json")).json();
  field("capacity").textContent = capacity;
} catch {
  // The words on the page are true without the number.
}
field(field("name").value ? "room" : "name").focus();
