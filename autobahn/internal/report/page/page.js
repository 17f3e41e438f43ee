// What the page does: the fragment says what is shown, keys and buttons change it.

const panel = document.getElementById("detail");
const title = document.getElementById("detail-name");
const body = document.getElementById("detail-body");
let current = null; // { part, agent, id } that is shown
let opener = null; // where the focus goes when the panel closes

const fragment = (...pieces) => "#" + pieces.map(encodeURIComponent).join("/");

// asked is what the fragment names, null if it is nothing that there is.
function asked() {
  let pieces;
  try {
    pieces = location.hash.slice(1).split("/").map(decodeURIComponent);
  } catch {
    return null;
  }
  if (pieces.length !== 3) return null;
  const part = partOf(pieces[0]), agent = agentOf(part, pieces[1]), result = agent?.byID.get(pieces[2]);
  return result ? { part, agent, result, id: pieces[2] } : null;
}

function show() {
  const wanted = asked(), wasOpen = !panel.hidden;
  if (!wanted) return close();
  current = wanted;
  const { part, agent, result, id } = wanted;
  title.replaceChildren(el("span", { class: "id" }, id), " ", agent.name, " ", el("small", {}, part.name === "Servers" ? "as server" : "as client"));
  body.replaceChildren(...details(part, agent, result).filter(Boolean));
  body.scrollTop = 0;
  panel.hidden = false;
  document.documentElement.classList.add("detailed");
  for (const [name, steps] of [["previous", -1], ["next", 1]]) button(name).disabled = !neighbour(steps);
  const inPanel = panel.contains(document.activeElement) && document.activeElement !== document.body;
  const link = mark(part.id, part.agents.indexOf(agent), id);
  if (!inPanel) opener = link;
  link?.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (!wasOpen || !inPanel) title.focus({ preventScroll: true });
}

function close() {
  if (panel.hidden) return;
  panel.hidden = true;
  document.documentElement.classList.remove("detailed");
  const link = document.querySelector("a[aria-current]") || opener;
  mark();
  current = opener = null;
  link?.focus({ preventScroll: true });
}

// leave closes the panel and takes it out of the address.
function leave() {
  history.pushState(null, "", location.pathname + location.search);
  close();
}

const button = (name) => panel.querySelector(`button[name=${name}]`);
const neighbour = (steps) => current && beside(current.part.id, current.part.agents.indexOf(current.agent), current.id, steps);

function go(steps) {
  const id = neighbour(steps);
  if (id) location.hash = fragment(current.part.id, current.agent.key, id);
}

function keys(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || panel.hidden) return;
  if (event.key === "Escape") return leave();
  if (event.target.closest("input[type=search]")) return;
  if (event.key === "n") go(1);
  if (event.key === "p") go(-1);
}

function start() {
  tools.hidden = false;
  for (const group of document.querySelectorAll("tbody.group")) {
    group.querySelector("tr.g th").append(el("span", { class: "some" }));
    group.querySelector("tr.g").addEventListener("click", () => fold(group, !group.classList.contains("shut")));
  }
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("input", () => { filter(); refold(); });
  for (const b of tools.elements.fold) {
    b.addEventListener("click", () => document.querySelectorAll("tbody.group").forEach((group) => fold(group, b.value === "shut")));
  }
  button("previous").addEventListener("click", () => go(-1));
  button("next").addEventListener("click", () => go(1));
  button("close").addEventListener("click", leave);
  document.addEventListener("keydown", keys);
  document.querySelector("main").addEventListener("keydown", moveFocus);
  window.addEventListener("hashchange", show);
  filter();
  document.getElementById("main").focus({ preventScroll: true }); // it is what scrolls
  if (location.hash) show();
}

start();
