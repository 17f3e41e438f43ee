// The call: assembles what the other modules are.

import { Chat } from "./chat.js";
import { Controls } from "./controls.js";
import * as identity from "./identity.js";
import { Lobby } from "./lobby.js";
import { Media } from "./media.js";
import { Room } from "./room.js";
import { Tiles } from "./tiles.js";
import { createTrace } from "./trace.js";
import { View } from "./view.js";

const parameters = new URLSearchParams(location.search);
const [, , roomName = ""] = location.pathname.split("/"); // "" at the front door
const wanted = parameters.get("media") ?? "video";
const asked = configuration();

let room = null; // before the join
let self = ""; // the name
let drawn = 0;

const media = new Media(() => {
  room?.mediaChanged();
  draw();
});
const tiles = new Tiles();
const controls = new Controls(media, () => room?.leave());
const chat = new Chat(text => room === null || room.members.length === 0 ? null : room.chat(text));
const view = new View(roomName, {
  now: () => room.socket.now(),
  back() {
    identity.name.entered(self);
    location.reload(); // a new session, with nothing left of the old one
  },
});

// draw brings the page up to date, once for all that changes in one turn.
function draw() {
  drawn ||= setTimeout(() => {
    drawn = 0;
    const members = room?.members ?? [];
    view.show(room?.socket.state ?? { value: self === "" ? "idle" : "connecting", attempt: 1 }, members, room?.welcome);
    tiles.show(members);
    tiles.showSelf(self, media.summary, media.tracks.video);
    controls.show(media.summary, media.trouble);
  });
}

async function join({ name, media: kinds }) {
  self = name;
  identity.name.entered(name);
  draw();
  const { iceServers } = await asked;
  const url = new URL(`/rooms/${roomName}/socket`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  room = new Room({
    url: url.href,
    codec: parameters.get("codec"),
    join: { key: identity.key(), session: identity.session(), name },
    iceServers,
    media,
    observer: createTrace(document.getElementById("trace")),
    on: { change: changed, chat: message => chat.hear(message) },
  });
  room.socket.connect();
  media.start(kinds);
}

// Without its configuration a page may still reach others in its own network.
async function configuration() {
  try {
    return await (await fetch("/config.json")).json();
  } catch (error) {
    console.error("no configuration:", error);
    return { iceServers: [] };
  }
}

function changed() {
  const { value, code } = room.socket.state;
  if (value === "ended") {
    media.stop();
    if (code === 1000) identity.name.left();
  }
  draw();
}

addEventListener("online", () => room?.socket.renew());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") room?.socket.now();
});

draw();
const name = parameters.get("name") ?? identity.name.inCall();
if (roomName !== "" && name) {
  join({ name: [...name].slice(0, 40).join(""), media: wanted });
} else {
  const lobby = new Lobby({ room: roomName, name: identity.name.suggested(), media: wanted, join });
  lobby.tell(await asked);
}
