// Draws the items of diagram-items.js as a tree of SVG elements, without a document: the
// page makes elements of it, and a file gets it as text. Looks are in trace.css.

// Lengths, in CSS pixels.
const GUTTER = { wide: 64, narrow: 50 }; // for the times
const NARROW_BELOW = 520;
const HEAD_HEIGHT = 40;
const LINE_HEIGHT = 15;
const LEAST_GAP = 76; // between two lifelines
const GREATEST_GAP = 300;
const ARROW_HEAD = 8;
const CHARACTER_WIDTH = 6.3; // about, of the labels

// draw returns {width, height, tree}. An element of the tree is {name, attributes, children},
// text is a string, and key is the number of the item that an element shows.
export function draw({ lifelines, items }, { width, zero }) {
  const plan = new Plan(lifelines, width);
  const rows = [];
  const spans = new Spans(plan);
  let y = HEAD_HEIGHT + 12;
  for (const [key, item] of items.entries()) {
    const height = heights[item.type](item, plan);
    rows.push(node("g", { class: `item ${item.type} ${item.kind ?? item.verdict ?? ""} ${tone(item.state)}`.trim(), "data-item": key },
      node("title", {}, `${time(item.at, zero)} s\n${item.title ?? item.label}`),
      node("rect", { class: "hit", x: 0, y, width: plan.width, height }),
      node("text", { class: "time", x: plan.gutter - 8, y: y + 13, "text-anchor": "end" }, time(item.at, zero)),
      ...parts[item.type](item, y, plan)));
    spans.take(item, y + height / 2);
    y += height;
  }
  y += 12;
  spans.end(y);
  const tree = node("svg", { class: "sequence", viewBox: `0 0 ${plan.width} ${y}`, width: plan.width, height: y, role: "img", "aria-label": `Sequence diagram with ${items.length} steps` },
    node("rect", { class: "paper", x: 0, y: 0, width: plan.width, height: y }),
    ...plan.lines.map(({ x }) => node("line", { class: "life", x1: x, y1: HEAD_HEIGHT - 8, x2: x, y2: y })),
    ...spans.nodes,
    ...rows,
    ...plan.heads());
  return { width: plan.width, height: y, tree };
}

// text writes a tree as XML, with a style sheet of its own.
export function text({ tree, style }) {
  const root = { ...tree, attributes: { xmlns: "http://www.w3.org/2000/svg", ...tree.attributes }, children: [node("style", {}, style), ...tree.children] };
  return xml(root);
}

function xml(part) {
  if (typeof part === "string") return escape(part);
  const attributes = Object.entries(part.attributes).map(([name, value]) => ` ${name}="${escape(String(value))}"`).join("");
  return `<${part.name}${attributes}>${part.children.map(xml).join("")}</${part.name}>`;
}

// XML 1.0 §2.2 has no place for most control characters, escaped or not.
const escape = words => words.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
  .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const node = (name, attributes, ...children) => ({ name, attributes, children });

const time = (at, zero) => ((at - zero) / 1000).toFixed(3);

// Plan is where the lifelines stand. The first gap is the widest: what is written there
// is what this page sends and gets.
class Plan {
  constructor(lifelines, width) {
    this.gutter = width < NARROW_BELOW ? GUTTER.narrow : GUTTER.wide;
    const margin = width < NARROW_BELOW ? 34 : 56; // half a head
    const edge = 8;
    const gaps = lifelines.length; // the first counts twice
    const gap = Math.min(GREATEST_GAP, Math.max(LEAST_GAP * (gaps > 2 ? 1 : 0.5), (width - this.gutter - 2 * margin - edge) / gaps));
    this.head = Math.min(2 * margin, gap - 6, 120);
    this.lines = lifelines.map((line, i) => ({ ...line, x: Math.round(this.gutter + margin + (i === 0 ? 0 : i + 1) * gap) }));
    this.width = Math.max(width, this.lines.at(-1).x + margin + edge);
    this.notes = this.x("server") - this.x("page") > 200;
  }

  x(id) {
    return this.lines.find(line => line.id === id).x;
  }

  // heads are above the lifelines, and above all else: they may stand still while the
  // rest is scrolled.
  heads() {
    const heads = this.lines.map(({ name, id, x }) => node("g", { class: `head ${id === "page" || id === "server" ? id : "member"}` },
      node("title", {}, id === name || id === "page" || id === "server" ? name : `${name} (${id})`),
      node("rect", { x: x - this.head / 2, y: 6, width: this.head, height: 24, rx: 5 }),
      node("text", { x, y: 22, "text-anchor": "middle" }, cut(name, this.head - 10))));
    return [node("g", { class: "heads" }, node("rect", { class: "paper", x: 0, y: 0, width: this.width, height: HEAD_HEIGHT - 4 }), ...heads)];
  }
}

// Spans stand on the lifelines of two pages for as long as media go between them: those
// do not end when the connection to the server does.
class Spans {
  nodes = [];
  #plan;
  #since = new Map(); // identity: y

  constructor(plan) {
    this.#plan = plan;
  }

  take(item, y) {
    for (const { id, state } of item.marks ?? []) if (tone(state) === "bad") this.#close(id, y);
    if (item.leaves) this.end(y);
    if (item.type !== "media") return;
    if (item.state === "connected") {
      if (!this.#since.has(item.to)) this.#since.set(item.to, y);
    } else if (tone(item.state) !== "waiting" || item.state === "disconnected") {
      this.#close(item.to, y);
    }
  }

  end(y) {
    for (const id of [...this.#since.keys()]) this.#close(id, y);
  }

  #close(id, y) {
    const since = this.#since.get(id);
    if (since === undefined) return;
    this.#since.delete(id);
    for (const x of [this.#plan.x("page"), this.#plan.x(id)]) {
      this.nodes.push(node("rect", { class: "span", x: x - 3, y: since, width: 6, height: y - since, rx: 3 }));
    }
  }
}

// tone is how a state of media or of a member looks.
function tone(state) {
  if (state === undefined) return "";
  if (["connected", "present", "open"].includes(state)) return "good";
  if (["failed", "closed", "left", "lost"].includes(state)) return "bad";
  return "waiting";
}

const noted = (item, plan) => Boolean(item.note) && plan.notes;

const heights = {
  arrow: (item, plan) => 16 + LINE_HEIGHT + (noted(item, plan) ? 12 : 0),
  media: () => 38,
  break: () => 44,
  end: () => 40,
  mark: () => 26,
  note: () => 26,
};

const parts = {
  arrow(item, y, plan) {
    const from = plan.x(item.from), to = plan.x(item.to);
    const line = y + 8 + LINE_HEIGHT;
    const shapes = [...arrow(from, to, line, item.both), ...label(item.label, (from + to) / 2, line - 6, Math.abs(to - from) - 14)];
    if (noted(item, plan)) shapes.push(node("text", { class: "note", x: (from + to) / 2, y: line + 13, "text-anchor": "middle" }, cut(item.note, Math.abs(to - from) - 8, 5.6)));
    if (item.beyond) {
      const server = plan.x("server"), other = plan.x(item.beyond);
      const [start, end] = item.to === "server" ? [server, other] : [other, server];
      shapes.push(node("g", { class: "beyond" }, ...arrow(start, end, line)));
    }
    return [...shapes, ...marks(item, line, plan)];
  },

  media(item, y, plan) {
    const from = plan.x("page"), to = plan.x(item.to);
    const line = y + 24;
    const thick = item.state === "connected" ? arrow(from, to, line, true, 11) : [node("line", { class: "line", x1: from, y1: line, x2: to, y2: line })];
    return [...thick, ...label(item.label, (from + to) / 2, line - 9, Math.abs(to - from) - 20)];
  },

  // Between two attempts the lifelines are torn.
  break(item, y, plan) {
    const tear = [0, 5].map(dy => node("path", { class: "tear", d: zigzag(plan.gutter, plan.width - 8, y + 20 + dy) }));
    return [node("rect", { class: "paper", x: plan.gutter, y: y + 17, width: plan.width - plan.gutter, height: 12 }), ...tear,
      ...label(item.label, (plan.x("page") + plan.x("server")) / 2, y + 27, 200)];
  },

  end(item, y, plan) {
    const from = plan.x("page"), to = plan.x("server");
    const line = y + 24;
    const ends = [from, to].map(x => item.verdict === "clean"
      ? node("line", { class: "stop", x1: x - 9, y1: line, x2: x + 9, y2: line })
      : node("path", { class: "cross", d: `M${x - 6} ${line - 6}l12 12m0 -12l-12 12` }));
    return [node("line", { class: "line", x1: from, y1: line, x2: to, y2: line }), ...ends, ...label(item.label, (from + to) / 2, line - 6, Math.abs(to - from) - 14)];
  },

  mark: (item, y, plan) => marks(item, y + 14, plan),

  note: (item, y, plan) => label(item.label, (plan.x("page") + plan.x("server")) / 2, y + 16, 400),
};

// marks say on the lifelines of others how they are: not by colour alone.
function marks({ marks = [] }, y, plan) {
  return marks.map(({ id, state }) => {
    const x = plan.x(id);
    const shape = { good: node("circle", { cx: x, cy: y, r: 5 }), bad: node("path", { d: `M${x - 4} ${y - 4}l8 8m0 -8l-8 8` }), waiting: node("circle", { class: "hollow", cx: x, cy: y, r: 4.5 }) }[tone(state)];
    return node("g", { class: `mark ${tone(state)}` }, shape, node("text", { class: "note", x, y: y - 8, "text-anchor": "middle" }, String(state ?? "")));
  });
}

function arrow(from, to, y, both = false, head = ARROW_HEAD) {
  const step = to > from ? head : -head;
  const tip = (x, step) => node("path", { class: "tip", d: `M${x} ${y}l${-step} ${-head / 2}v${head}z` });
  const shapes = [node("line", { class: "line", x1: both ? from + step * 0.8 : from, y1: y, x2: to - step * 0.8, y2: y }), tip(to, step)];
  if (both) shapes.push(tip(from, -step));
  return shapes;
}

const label = (words, x, y, width) => [node("text", { class: "label", x, y, "text-anchor": "middle" }, cut(words, width))];

// cut shortens words to about a width.
function cut(words, width, character = CHARACTER_WIDTH) {
  const most = Math.max(3, Math.floor(width / character));
  const characters = [...String(words)];
  return characters.length <= most ? String(words) : `${characters.slice(0, most - 1).join("")}…`;
}

function zigzag(from, to, y) {
  let d = `M${from} ${y}`;
  for (let x = from, up = true; x < to; x += 8, up = !up) d += `l8 ${up ? -4 : 4}`;
  return d;
}
