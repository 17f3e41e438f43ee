// The section of the sequence diagram: draws it anew when the model has changed, and
// saves it as a file.
import { diagramOf } from "./diagram-items.js";
import { draw, text } from "./diagram.js";
import { button, drawn, element } from "./trace-element.js";
import { save } from "./trace-save.js";
import { BottomScroll } from "./trace-scroll.js";

const SHARE = 10; // drawing takes at most one part in so many of the page's time

export class DiagramSection {
  #model;
  #box = element("div", { class: "trace-scroll trace-diagram", tabindex: 0 });
  #scroll = new BottomScroll(this.#box);
  #heads = null; // which stay in sight
  #items = [];
  #next = 0; // not before that may it be drawn again

  // reveal shows the rows of an exchange; again is called when a drawing has been put off.
  constructor(model, { reveal, again }) {
    this.#model = model;
    this.again = again;
    this.#box.addEventListener("scroll", () => this.#hold(), { passive: true });
    this.#box.addEventListener("click", ({ target }) => {
      const item = this.#items[target.closest("[data-item]")?.dataset.item];
      if (item?.exchanges?.length > 0) reveal(item.exchanges[0]);
    });
    new ResizeObserver(() => again()).observe(this.#box);
    const legend = ["http", "member", "description", "candidate", "ack", "ping", "close", "media"].map(kind => element("span", { class: `trace-key ${kind}` }, LEGEND[kind]));
    this.section = [
      element("div", { class: "trace-filters" }, ...legend, button("Save .svg", { class: "trace-button" }, () => this.#save())),
      element("div", { class: "trace-frame" }, this.#box, this.#scroll.control),
    ];
  }

  update() {
    const now = performance.now();
    if (now < this.#next) {
      setTimeout(this.again, this.#next - now);
      return;
    }
    const width = this.#box.clientWidth;
    if (width === 0) return; // it is not shown
    const { tree, items } = this.#drawing(width);
    this.#items = items;
    const svg = drawn(tree);
    svg.style.width = `${tree.attributes.width}px`; // a style sheet for icons may have its own idea
    svg.style.height = `${tree.attributes.height}px`;
    this.#heads = svg.querySelector(".heads");
    this.#box.replaceChildren(svg);
    this.#scroll.changed();
    this.#hold();
    this.#next = now + SHARE * (performance.now() - now);
  }

  shown() {
    this.#next = 0;
    this.update();
  }

  #drawing(width) {
    const diagram = diagramOf(this.#model);
    return { ...draw(diagram, { width, zero: this.#model.zero ?? 0 }), items: diagram.items };
  }

  #hold() {
    this.#heads?.setAttribute("transform", `translate(0 ${this.#box.scrollTop})`);
  }

  // save writes the diagram in the colours in which it is seen.
  #save() {
    const { tree } = this.#drawing(Math.max(this.#box.clientWidth, 720));
    save("signaling-trace.svg", "image/svg+xml", text({ tree, style: styleOf(this.#box) }));
  }
}

const LEGEND = { http: "HTTP", member: "members", description: "offer, answer", candidate: "candidates", ack: "acknowledgement", ping: "ping, pong", close: "close", media: "media" };

// styleOf collects the rules for the diagram from the page's style sheets, with the colours
// in the place of the variables: a file does not have those, and not every program that
// shows one knows of light and dark.
function styleOf(box) {
  const probe = box.appendChild(element("span"));
  const colour = name => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const rules = [...document.styleSheets].flatMap(rulesOf).filter(rule => rule.selectorText?.includes(".sequence"));
  const style = rules.map(({ cssText }) => cssText
    .replace("var(--trace-sans)", "sans-serif")
    .replace(/var\((--[\w-]+)\)/g, (_, name) => colour(name))).join("\n");
  probe.remove();
  return style;
}

function rulesOf(sheet) {
  try {
    return [...sheet.cssRules];
  } catch {
    return []; // of another origin: not ours
  }
}
