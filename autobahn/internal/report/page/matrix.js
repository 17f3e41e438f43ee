// The matrix: folding of groups, filters, moving with the arrow keys, the cell that is shown.

const matrices = [...document.querySelectorAll("table.matrix")];
const tools = document.querySelector("form.tools");

function fold(group, shut) {
  group.classList.toggle("shut", shut);
  group.querySelector("button").setAttribute("aria-expanded", String(!shut));
}

// haystacks are the words of cases, by part and case.
const haystacks = new Map();

function haystack(part, id) {
  const key = part + "/" + id;
  if (!haystacks.has(key)) {
    const result = partOf(part).agents.map((a) => a.byID.get(id)).find(Boolean);
    haystacks.set(key, [result.d, result.x, result.q].map(text).join(" ").toLowerCase());
  }
  return haystacks.get(key);
}

// found says whether a case has the word, or is of the chapter or group that it numbers.
function found(part, id, word) {
  if (id === word || id.startsWith(word.replace(/\.?$/, "."))) return true;
  return !/^\d+\.[\d.]*$/.test(word) && haystack(part, id).includes(word);
}

function filter() {
  const show = tools.elements.show.value;
  const words = tools.elements.words.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = (part, row) => (show === "all" || row.classList.contains(show))
    && words.every((word) => found(part, row.dataset.id, word));
  let shown = 0, all = 0;
  for (const matrix of matrices) {
    const here = filterMatrix(matrix, (row) => wanted(matrix.dataset.part, row));
    matrix.parentElement.hidden = here === 0;
    shown += here;
    all += matrix.querySelectorAll("tr.c").length;
  }
  tools.elements.count.value = shown === all ? some(all, "case") : `${count(shown)} of ${some(all, "case")}`;
  document.querySelector(".nothing").hidden = shown > 0;
}

function filterMatrix(matrix, wanted) {
  let chapter = null, inChapter = 0, shown = 0;
  const endChapter = () => { if (chapter) chapter.hidden = inChapter === 0; };
  for (const body of matrix.tBodies) {
    if (body.classList.contains("group")) {
      const n = filterGroup(body, wanted);
      inChapter += n;
      shown += n;
    }
    if (!body.classList.contains("group") || body.classList.contains("top")) {
      endChapter();
      chapter = body.classList.contains("group") ? null : body;
      inChapter = 0;
    }
  }
  endChapter();
  return shown;
}

function filterGroup(group, wanted) {
  let shown = 0;
  const rows = group.querySelectorAll("tr.c");
  for (const row of rows) {
    row.hidden = !wanted(row);
    if (!row.hidden) shown++;
  }
  group.hidden = shown === 0;
  const part = shown < rows.length && shown > 0;
  group.querySelector(".some").textContent = part ? `${shown} of ${rows.length} cases` : "";
  return shown;
}

// refold opens what a filter left over, and puts things back when there is none.
function refold() {
  const filtered = tools.elements.show.value !== "all" || tools.elements.words.value.trim() !== "";
  for (const group of document.querySelectorAll("tbody.group")) {
    fold(group, !filtered && group.classList.contains("quiet"));
  }
}

const rowOf = (part, id) => document.querySelector(`table.matrix[data-part="${part}"] tr[data-id="${CSS.escape(id)}"]`);
const linkAt = (row, agent) => row?.cells[agent + 1]?.querySelector("a");

// mark shows in the matrix which cell the details are of.
function mark(part, agent, id) {
  document.querySelector("a[aria-current]")?.removeAttribute("aria-current");
  const link = part && linkAt(rowOf(part, id), agent);
  if (!link) return null;
  link.setAttribute("aria-current", "true");
  const group = link.closest("tbody");
  if (group.classList.contains("shut")) fold(group, false);
  return link;
}

// beside is the case by steps further that agent played, among those that are not filtered out.
function beside(part, agent, id, steps) {
  const rows = [...document.querySelectorAll(`table.matrix[data-part="${part}"] tr.c`)]
    .filter((row) => row.dataset.id === id || !row.hidden && linkAt(row, agent));
  const next = rows[rows.findIndex((row) => row.dataset.id === id) + steps];
  return next && next.dataset.id;
}

const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// moveFocus goes from cell to cell.
function moveFocus(event) {
  const step = arrows[event.key], link = event.target.closest("td > a");
  if (!step || !link || event.altKey || event.ctrlKey || event.metaKey) return;
  const column = link.parentElement.cellIndex - 1 + step[1];
  const rows = [...link.closest("table").querySelectorAll("tbody:not(.shut):not([hidden]) tr.c:not([hidden])")];
  let at = rows.indexOf(link.closest("tr"));
  do at += step[0]; while (step[0] && rows[at] && !linkAt(rows[at], column));
  const target = linkAt(rows[at], column);
  if (!target) return;
  event.preventDefault();
  target.focus();
}
