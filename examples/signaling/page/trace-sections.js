// The opening and the closing handshake of each connection, the newest first.
import { closingOf } from "./trace-closing.js";
import { element } from "./trace-element.js";
import { acceptFor, explain, field } from "./trace-handshake.js";
import { seconds } from "./trace-words.js";

// HandshakeSection shows request and response, line by line.
export class HandshakeSection {
  #model;
  #shown = new Map(); // connection: what its article was made from, and the article
  section = element("div", { class: "trace-scroll" });

  constructor(model) {
    this.#model = model;
  }

  update() {
    showAll(this.section, this.#model, this.#shown, connection => JSON.stringify([connection.handshake, connection.opened, connection.lifecycle]), handshakeOf);
  }
}

// ClosingSection shows how each connection ended, step by step.
export class ClosingSection {
  #model;
  #shown = new Map();
  section = element("div", { class: "trace-scroll" });

  constructor(model) {
    this.#model = model;
  }

  update() {
    showAll(this.section, this.#model, this.#shown, connection => JSON.stringify(closingOf(connection)), connection => stepsOf(connection, this.#model.zero));
  }
}

// showAll makes the articles of connections, anew only where something has changed.
function showAll(section, model, shown, keyOf, make) {
  const articles = model.connections.toReversed().map(connection => {
    const key = keyOf(connection);
    const before = shown.get(connection);
    if (before?.key === key) return before.article;
    const article = element("article", { class: "trace-article" }, heading(connection), ...[make(connection)].flat());
    shown.set(connection, { key, article });
    return article;
  });
  for (const connection of [...shown.keys()]) if (!model.connections.includes(connection)) shown.delete(connection);
  if (articles.length === 0) articles.push(element("p", { class: "trace-soft trace-empty" }, "There has been no connection yet."));
  if (articles.length !== section.children.length || articles.some((article, i) => article !== section.children[i])) section.replaceChildren(...articles);
}

function heading({ attempt, began, url }) {
  const clock = new Date(performance.timeOrigin + began).toLocaleTimeString([], { hour12: false });
  return element("h3", {}, `Attempt ${attempt} `, element("span", { class: "trace-soft" }, `at ${clock}, ${url}`));
}

function handshakeOf(connection) {
  const { handshake, opened, url, protocols, lifecycle } = connection;
  if (handshake) {
    return element("div", { class: "trace-both" },
      lines("Request", "from the page", handshake.request),
      lines("Response", "from the server", handshake.response, check(handshake)));
  }
  const outcome = { connecting: "not answered yet", refused: "refused, or never answered" }[lifecycle];
  const known = [
    ["URL", url],
    ["Subprotocols offered", protocols.join(", ") || "none"],
    ["Subprotocol agreed on", opened ? opened.protocol || "none" : outcome],
    ["Extension agreed on", opened ? opened.extensions || "none" : outcome],
  ];
  return [
    element("p", { class: "trace-soft" }, "JavaScript sees neither request nor response. Until the server's side comes in, this is all that a page gets to know:"),
    element("dl", { class: "trace-known" }, known.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])),
  ];
}

function lines(name, from, said, more = null) {
  const rows = explain(said).map(({ text, name, value, note }) => element("li", { class: note ? "noted" : "" },
    element("code", {}, text ?? [element("b", {}, name), ": ", value]),
    note ? element("p", { class: "trace-soft" }, note) : null));
  return element("section", { class: "trace-lines" }, element("h4", {}, name, element("span", { class: "trace-soft" }, ` ${from}`)), element("ol", {}, rows), more);
}

// check computes the answer to the key, as every client must (RFC 6455 §4.1).
function check({ request, response }) {
  const key = field(request, "Sec-WebSocket-Key"), accept = field(response, "Sec-WebSocket-Accept");
  if (key === undefined || accept === undefined || !globalThis.crypto?.subtle) return null;
  const said = element("p", { class: "trace-check" }, "…");
  acceptFor(key).then(right => {
    said.className = right === accept ? "trace-check good" : "trace-check bad";
    said.textContent = right === accept
      ? `✓ Checked here: the answer to ${key} is ${right}.`
      : `✗ The answer to ${key} should have been ${right}.`;
  }, error => { said.textContent = `The answer could not be checked: ${error.message}`; });
  return said;
}

const SIGNS = { done: "✓", awaited: "…", missing: "✗" };

function stepsOf(connection, zero) {
  const { verdict, words, steps } = closingOf(connection);
  return [
    element("p", { class: `trace-verdict ${verdict}` }, words),
    element("ol", { class: "trace-steps" }, steps.map(({ who, what, note, at, state }) => element("li", { class: `${who} ${state}` },
      element("span", { class: "trace-sign", role: "img", "aria-label": state }, SIGNS[state]),
      element("div", {}, element("strong", {}, what), element("p", { class: "trace-soft" }, note)),
      element("time", {}, at === null ? "" : seconds(at, zero))))),
  ];
}
