// The rows of all exchanges, kept in step with the model. Rows are made when the browser
// is about to paint, and only so many at once, so that a flood does not stop the page.
import { detail } from "./trace-detail.js";
import { button, element } from "./trace-element.js";
import { KINDS } from "./trace-message.js";
import { COLUMNS, rowsFor } from "./trace-row.js";
import { BottomScroll } from "./trace-scroll.js";

const MOST_AT_ONCE = 150; // exchanges made into rows between two paintings

export class TraceTable {
  #model;
  #table;
  #box;
  #scroll;
  #groups = new Map(); // exchange: its tbody
  #separators = new Map(); // connection: its tbody
  #open = new Set(); // exchanges that are shown in full
  #hidden = new Set(); // kinds

  constructor(model) {
    this.#model = model;
    const heads = COLUMNS.map(name => element("th", { class: `c-${name.toLowerCase()}`, scope: "col", role: "columnheader" }, name));
    this.#table = element("table", { class: "trace-table", role: "table", "aria-label": "Frames and messages" },
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, heads)));
    this.#box = element("div", { class: "trace-box", tabindex: 0 }, this.#table);
    this.#scroll = new BottomScroll(this.#box);
    this.#table.addEventListener("click", event => this.#clicked(event));
    this.section = [this.#filters(), element("div", { class: "trace-frame" }, this.#box, this.#scroll.control)];
  }

  // update does some of what is due, and returns whether more is left.
  update() {
    const { changed } = this.#model;
    let left = MOST_AT_ONCE;
    for (const exchange of changed) {
      if (left-- === 0) break;
      changed.delete(exchange);
      this.#render(exchange);
    }
    this.#arrange();
    this.#scroll.changed();
    return changed.size > 0;
  }

  // reveal opens an exchange and brings it into sight.
  reveal(exchange) {
    const group = this.#groups.get(exchange);
    if (!group) return;
    this.#show(exchange.kind, true);
    this.#scroll.stop();
    this.#toggle(exchange, true);
    group.scrollIntoView({ block: "center" });
    group.querySelector("button")?.focus({ preventScroll: true });
  }

  #render(exchange) {
    let group = this.#groups.get(exchange);
    if (!group) {
      group = element("tbody", { role: "rowgroup" });
      this.#groups.set(exchange, group);
    }
    const { zero } = this.#model;
    const rows = rowsFor(exchange, { zero, nameOf: id => this.#model.nameOf(id) });
    group.className = `k-${exchange.kind} ${exchange.page && exchange.server ? "joined" : ""}`;
    group.replaceChildren(...rows);
    group.exchange = exchange;
    if (exchange.kind === "state") return;
    const open = this.#open.has(exchange);
    const opener = button("", { class: "trace-opener", "aria-expanded": String(open), "aria-label": "the whole message" }, () => {});
    rows[0].lastChild.prepend(opener);
    if (open) group.append(detailRow(exchange));
  }

  #toggle(exchange, open = !this.#open.has(exchange)) {
    if (open) this.#open.add(exchange);
    else this.#open.delete(exchange);
    const group = this.#groups.get(exchange);
    group.querySelector(".trace-detail")?.remove();
    group.querySelector(".trace-opener")?.setAttribute("aria-expanded", String(open));
    if (open) group.append(detailRow(exchange));
  }

  #clicked({ target }) {
    const { exchange } = target.closest("tbody") ?? {};
    const reading = target.closest(".trace-detail") || !document.getSelection().isCollapsed;
    if (exchange && exchange.kind !== "state" && !reading) this.#toggle(exchange);
  }

  // arrange puts every group where the model has its exchange, touching only what is not
  // there yet.
  #arrange() {
    for (const [exchange, group] of this.#groups) {
      if (!exchange.forgotten) continue;
      group.remove();
      this.#groups.delete(exchange);
      this.#open.delete(exchange);
    }
    for (const [connection, separator] of this.#separators) {
      if (this.#model.connections.includes(connection)) continue;
      separator.remove();
      this.#separators.delete(connection);
    }
    let place = this.#table.tHead.nextSibling;
    const put = group => {
      if (group === place) place = place.nextSibling;
      else this.#table.insertBefore(group, place);
    };
    for (const connection of this.#model.connections) {
      put(this.#separator(connection));
      for (const exchange of connection.exchanges) {
        const group = this.#groups.get(exchange);
        if (group) put(group);
      }
    }
  }

  #separator(connection) {
    let separator = this.#separators.get(connection);
    if (!separator) {
      const { attempt, began, url, protocols } = connection;
      const clock = new Date(performance.timeOrigin + began).toLocaleTimeString([], { hour12: false });
      separator = element("tbody", { class: "trace-attempt", role: "rowgroup" }, element("tr", { role: "row" },
        element("th", { colspan: COLUMNS.length, scope: "rowgroup", role: "rowheader" },
          element("strong", {}, `Attempt ${attempt}`), ` at ${clock}, ${url}${protocols.length > 0 ? `, ${protocols.join(", ")}` : ""}`)));
      this.#separators.set(connection, separator);
    }
    return separator;
  }

  #filters() {
    const kinds = [...KINDS].map(([kind, name]) => {
      const toggle = button(name, { class: "trace-chip", "aria-pressed": "true", "data-kind": kind }, () => this.#show(kind, this.#hidden.has(kind)));
      return toggle;
    });
    const sides = element("select", { "aria-label": "Whose side to show" },
      element("option", { value: "both" }, "both sides"), element("option", { value: "page" }, "the page's"), element("option", { value: "server" }, "the server's"));
    sides.addEventListener("change", () => { this.#table.dataset.side = sides.value; });
    this.filters = element("div", { class: "trace-filters", role: "group", "aria-label": "What to show" }, ...kinds, sides);
    return this.filters;
  }

  #show(kind, shown) {
    if (shown) this.#hidden.delete(kind);
    else this.#hidden.add(kind);
    this.#table.dataset.hidden = [...this.#hidden].join(" ");
    this.filters.querySelector(`[data-kind="${kind}"]`).setAttribute("aria-pressed", String(shown));
    this.#scroll.changed();
  }
}

function detailRow(exchange) {
  return element("tr", { class: "trace-detail", role: "row" }, element("td", { colspan: COLUMNS.length, role: "cell" }, detail(exchange)));
}
