// The page around the pictures: the state in words and in the attributes of the body,
// the ways on from it.

import { stateOf } from "./state.js";

const TITLES = { connecting: "Connecting", waiting: "Waiting", call: "In call", lost: "Lost", reconnecting: "Reconnecting", ended: "Ended" };

export class View {
  #id = id => document.getElementById(id);
  #room;
  #countdown = null;
  #until = 0;

  // on: {now(), back()}
  constructor(room, on) {
    this.#room = room;
    this.#id("room").textContent = room;
    const link = new URL(location.pathname, location.href).href;
    this.#id("link").textContent = link;
    for (const id of ["copy", "copy-invitation"]) this.#id(id).onclick = event => this.#copy(link, event.currentTarget.querySelector("span") ?? event.currentTarget);
    this.#id("now").onclick = on.now;
    this.#id("back").onclick = on.back;
    this.#traceToggle();
  }

  // show brings the page up to date with the socket and the others.
  show(socket, members, self) {
    const { state, line, detail, reason = "", code = "", back = "" } = stateOf(socket, members);
    const { dataset } = document.body;
    const before = dataset.state;
    Object.assign(dataset, { state, reason, code, self: self?.id ?? "" });
    if (this.#room !== "") document.title = [TITLES[state], this.#room].filter(Boolean).join(" · ");
    this.#say("line", line);
    this.#say("detail", state === "ended" ? "" : detail);
    this.#say("ended-line", line);
    this.#say("ended-detail", detail);
    this.#say("back", back);
    this.#count(socket.value === "waiting" ? socket.until : null);
    if (state === before) return;
    if (state === "ended") this.#id("ended").focus();
  }

  // say changes a text only if it is another one: the live regions are read aloud.
  #say(id, text) {
    if (this.#id(id).textContent !== text) this.#id(id).textContent = text;
  }

  #count(until) {
    this.#id("retry").hidden = until === null;
    clearInterval(this.#countdown);
    if (until === null) return;
    this.#until = until;
    this.#countdown = setInterval(() => this.#tick(), 200);
    this.#tick();
  }

  #tick() {
    const seconds = Math.ceil(Math.max(0, this.#until - performance.now()) / 1000);
    this.#say("countdown", `Next attempt in ${seconds} s`);
  }

  async #copy(link, label) {
    const before = label.textContent;
    try {
      await navigator.clipboard.writeText(link);
      label.textContent = "Copied";
    } catch {
      // Without https there is no clipboard: the link is selected for the user to copy.
      getSelection().selectAllChildren(this.#id("link"));
      label.textContent = "Press Ctrl+C";
    }
    setTimeout(() => label.textContent = before, 2000);
  }

  #traceToggle() {
    const toggle = this.#id("trace-toggle"), panel = this.#id("trace");
    const set = shown => {
      panel.hidden = !shown;
      toggle.setAttribute("aria-expanded", String(shown));
    };
    toggle.onclick = () => {
      set(panel.hidden);
      sessionStorage.setItem("signaling.trace", panel.hidden ? "hidden" : "shown");
    };
    set(sessionStorage.getItem("signaling.trace") !== "hidden");
  }
}
