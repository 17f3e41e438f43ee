// What one sees of the trace: four sections, and what holds for all of them.
import { closingOf } from "./trace-closing.js";
import { DiagramSection } from "./trace-diagram.js";
import { button, element } from "./trace-element.js";
import { record, save } from "./trace-save.js";
import { ClosingSection, HandshakeSection } from "./trace-sections.js";
import { TraceTable } from "./trace-table.js";

const STREAMS = {
  none: "the server's side is not known yet",
  connecting: "asking for the server's side",
  following: "following the server's side",
  interrupted: "the server's side is interrupted, coming back",
  ended: "the server's side is complete",
  refused: "the server's side is not to be had",
  lost: "the server's side is lost",
};

export class TraceView {
  #model;
  #sections; // name: {tab, panel, shows}
  #selected = "Frames";
  #status = element("p", { class: "trace-status", role: "status" });
  #pause = button("Pause", { class: "trace-button", "aria-pressed": "false" }, () => this.#paused(!this.#isPaused));
  #isPaused = false;
  #frame = 0; // the request for the next painting

  constructor(container, model) {
    this.#model = model;
    const table = new TraceTable(model);
    const reveal = exchange => {
      this.#select("Frames");
      table.reveal(exchange);
    };
    const shows = {
      Frames: table,
      Handshake: new HandshakeSection(model),
      Closing: new ClosingSection(model),
      Diagram: new DiagramSection(model, { reveal, again: () => this.changed() }),
    };
    this.#sections = Object.fromEntries(Object.entries(shows).map(([name, shown]) => [name, this.#section(name, shown)]));
    const sections = Object.values(this.#sections);
    const tabs = element("div", { class: "trace-tabs", role: "tablist", "aria-label": "Trace" }, sections.map(({ tab }) => tab));
    tabs.addEventListener("keydown", event => this.#key(event));
    container.classList.add("trace");
    container.replaceChildren(
      element("header", { class: "trace-header" }, tabs, element("div", { class: "trace-buttons" },
        this.#pause,
        button("Clear", { class: "trace-button" }, () => this.#clear()),
        button("Save .json", { class: "trace-button" }, () => save("signaling-trace.json", "application/json", JSON.stringify(record(model), null, 2))))),
      this.#status,
      ...sections.map(({ panel }) => panel));
    this.#select(this.#selected);
  }

  // changed is called after every change of the model. What is to be seen follows with the
  // next painting.
  changed() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#update());
  }

  #update() {
    this.#frame = 0;
    this.#say();
    if (this.#isPaused) return;
    const more = this.#sections.Frames.shows.update(); // also when it is hidden, or it would have all to do at once
    if (this.#selected !== "Frames") this.#sections[this.#selected].shows.update();
    if (more) this.changed();
  }

  #say() {
    const { current, dropped, changed } = this.#model;
    const { verdict } = current ? closingOf(current) : { verdict: "none" };
    const closing = this.#sections.Closing.tab;
    closing.dataset.verdict = verdict;
    const words = current
      ? [`attempt ${current.attempt}: ${verdict === "unclean" ? "not clean" : verdict}`, STREAMS[current.stream.state] + (current.stream.detail ? ` (${current.stream.detail})` : "")]
      : ["no connection yet"];
    if (dropped > 0) words.push(`${dropped} older are gone`);
    this.#pause.textContent = this.#isPaused ? `Resume (${changed.size} new)` : "Pause";
    const said = words.join(" · ");
    if (this.#status.textContent !== said) this.#status.textContent = said;
  }

  #paused(paused) {
    this.#isPaused = paused;
    this.#pause.setAttribute("aria-pressed", String(paused));
    this.changed();
  }

  #clear() {
    this.#model.clear();
    this.#paused(false);
  }

  #section(name, shows) {
    const id = `trace-${name.toLowerCase()}`;
    const tab = button(name, { role: "tab", id: `${id}-tab`, "aria-controls": id }, () => this.#select(name));
    const panel = element("section", { role: "tabpanel", id, class: "trace-panel", "aria-labelledby": `${id}-tab` }, shows.section);
    return { tab, panel, shows };
  }

  #select(name) {
    this.#selected = name;
    for (const [each, { tab, panel }] of Object.entries(this.#sections)) {
      const selected = each === name;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      panel.hidden = !selected;
    }
    const { shows } = this.#sections[name];
    if (this.#isPaused) return;
    shows.shown?.();
    this.changed();
  }

  // key moves between the tabs as the ARIA Authoring Practices have it.
  #key(event) {
    const names = Object.keys(this.#sections);
    const at = names.indexOf(this.#selected);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const name = names.at(to % names.length);
    this.#select(name);
    this.#sections[name].tab.focus();
  }
}
