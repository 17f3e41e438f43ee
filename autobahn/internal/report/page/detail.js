// The details of one case played with one agent.

function details(part, agent, result) {
  return [
    others(part, agent, result.i),
    purpose(result),
    section("Verdict", verdicts(result)),
    section("Events", ...result.e.map(comparison)),
    section("End of the connection", facts(result)),
    result.l && result.l.length ? section("Wire log", ...wireLog(result.l)) : section("Wire log", el("p", { class: "quiet" }, "The case keeps none.")),
    section("Opening handshake", handshakes(part, result)),
    section("Counted", ...counts(result)),
  ];
}

const section = (name, ...content) => el("section", {}, el("h3", {}, name), content);
const pairs = (attributes, list) => el("dl", attributes, list.filter(Boolean).map(([name, ...value]) =>
  el("div", {}, el("dt", {}, name), el("dd", {}, value))));
const prose = (number) => el("span", { class: "prose" }, visibleLines(text(number)));

// visibleLines is visible but for the ends of lines, which stay what they are.
const visibleLines = (s) => s.trim().split(/(\r?\n)/).flatMap((line) => /^\r?\n$/.test(line) ? "\n" : visible(line));

// others is how the other agents did.
function others(part, agent, id) {
  if (part.agents.length < 2) return null;
  return el("ul", { class: "others", "aria-label": "The same case with" }, part.agents.map((a) => {
    const r = a.byID.get(id);
    if (!r) return el("li", {}, a.name, " ", el("small", {}, "not run"));
    return el("li", {}, el("a", { href: fragment(part.id, a.key, id), "aria-current": a === agent ? "true" : null },
      a.name, " ", verdict(r.v), text(r.c) !== "OK" && !(text(r.c) === "INFORMATIONAL" && r.v === r.c) ? [" ", el("small", {}, "close"), " ", verdict(r.c)] : null));
  }));
}

function purpose(r) {
  return el("section", {},
    r.q ? el("blockquote", {}, prose(r.q)) : null,
    pairs({ class: "facts" }, [["Case", prose(r.d)], ["Expected", prose(r.x)]]));
}

function verdicts(r) {
  return pairs({ class: "facts" }, [
    ["Behaviour", verdict(r.v), " ", prose(r.r)],
    ["Close", verdict(r.c), " ", prose(r.rc)],
  ]);
}

// comparison is what was expected beside what was received.
function comparison(c) {
  if (!c.v && c.gs === 0) return el("p", { class: "quiet" }, "The case has no list of them: the verdict says what it found.");
  const rows = [];
  for (let i = 0; i < Math.max(c.w.length, c.g.length); i++) {
    const at = c.n + i, differs = at === c.d;
    rows.push(el("tr", { class: differs ? "difference" : null }, el("td", { class: "num" }, count(at + 1)),
      eventCell(c.w[i], at < c.ws, differs, c.o), eventCell(c.g[i], at < c.gs, differs, c.o)));
  }
  if (rows.length === 0) rows.push(el("tr", {}, el("td", {}), el("td", { class: "quiet" }, "nothing"), el("td", { class: "quiet" }, "nothing")));
  return [
    el("div", { class: "scroll" }, el("table", { class: "events" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col", class: "num" }, "#"),
        el("th", { scope: "col" }, "Expected", c.v ? [" for ", verdict(c.v)] : null), el("th", { scope: "col" }, "Received"))),
      el("tbody", {}, rows))),
    el("p", { class: "quiet" }, agreement(c)),
  ];
}

function agreement(c) {
  if (!c.v) return "There is no list of what was expected: the verdict says what the case found.";
  const left = Math.max(c.ws, c.gs) - c.n - Math.max(c.w.length, c.g.length);
  const rest = left > 0 ? ` ${some(left, "further event")}.` : "";
  if (c.d < 0) return "The same." + rest;
  return `The first difference is at event ${count(c.d + 1)}${c.o >= 0 ? `, offset ${count(c.o)} of its payload` : ""}.${rest}`;
}

function eventCell(event, exists, differs, at) {
  if (!event) return el("td", { class: "quiet" }, exists ? "…" : differs ? el("mark", {}, "nothing") : "");
  const [kind, length, data, binary, start] = event, name = text(kind);
  if (name === "timeout") return el("td", {}, differs ? el("mark", {}, "timeout") : "timeout", " ", visible(utf8(blob(data), true) ?? ""));
  const title = name === "message" ? (binary ? "binary message" : "text message") : name;
  return el("td", {}, differs && at < 0 ? el("mark", {}, title) : title, el("small", {}, ` ${some(length, "byte")}`),
    el("div", { class: "payload" }, start > 0 ? `from offset ${count(start)}: … ` : null,
      eventPayload(blob(data), start + blob(data).length < length || start > 0, differs && at >= 0 ? at - start : -1)));
}

// eventPayload is text if it can be, with the byte at marked.
function eventPayload(bytes, cut, at) {
  const end = cut ? " …" : null;
  if (at < 0) {
    const whole = utf8(bytes, cut);
    return whole === null ? ["0x", hexOf(bytes), end] : [visible(whole), end];
  }
  // Back to where the character of the byte begins.
  let begin = Math.min(at, bytes.length);
  while (begin > 0 && begin < bytes.length && (bytes[begin] & 0xc0) === 0x80) begin--;
  const before = utf8(bytes.subarray(0, begin), false), after = utf8(bytes.subarray(begin), cut);
  if (before !== null && after !== null) {
    const [first, ...rest] = after;
    return [visible(before), el("mark", {}, first ? visible(first) : "end"), visible(rest.join("")), end];
  }
  const odd = bytes.subarray(at, at + 1);
  return ["0x", hexOf(bytes.subarray(0, at)), el("mark", {}, odd.length ? hexOf(odd) : "end"), hexOf(bytes.subarray(at + 1)), end];
}

function facts(r) {
  const is = (name) => flag(r.f, name);
  const timeouts = [
    is("openTimeout") && "opening handshake", is("closeTimeout") && "closing handshake", is("dropTimeout") && "TCP close by the server",
  ].filter(Boolean);
  return pairs({ class: "facts" }, [
    ["Expected", expectedEnd(r)],
    ["First Close frame", is("closedByMe") ? "from the suite" : r.pc != null || is("wasClean") ? "from the peer" : "from nobody"],
    ["Close of the suite", closeFact(r.lc, r.lr)],
    ["Close of the peer", closeFact(r.pc, r.pr)],
    ["Clean", is("wasClean") ? "yes" : ["no", r.w ? [": ", visible(text(r.w))] : ""]],
    ["Failed by the suite", is("failedByMe") ? "yes" : "no"],
    ["TCP closed first by", is("droppedByMe") ? "the suite" : "the peer"],
    ["Timeouts", timeouts.length ? timeouts.join(", ") : "none"],
  ]);
}

function expectedEnd(r) {
  const who = flag(r.f, "expectClosedByMe") ? "The suite closes" : "The peer closes";
  const codes = r.k?.length ? `, code ${r.k.join(" or ")}, or none` : "";
  return `${who}${codes}${flag(r.f, "requireClean") ? "; it must be clean" : ""}.`;
}

const closeFact = (code, reason) => [code == null ? "no code" : closeCode(code), reason ? [" ", el("q", {}, visible(text(reason)))] : null];

function handshakes(part, r) {
  const by = part.id === "servers" ? ["suite", "peer"] : ["peer", "suite"];
  return el("div", { class: "beside" }, [["Request", r.hq, by[0]], ["Response", r.hs, by[1]]].map(([name, http, who]) =>
    el("div", {}, el("h4", {}, `${name} of the ${who}`), el("pre", { tabindex: "0" }, http ? visibleLines(text(http)) : "none"))));
}

function counts(r) {
  const start = new Date(r.at).toISOString().replace("T", " ").replace("Z", " UTC");
  return [
    pairs({ class: "facts" }, [["Started", start], ["Took", `${count(r.ms)} ms`]]),
    r.t ? trafficTable(r.t, flag(r.f, "reportRatio")) : null,
    el("div", { class: "beside" },
      frameTable("Frames", "Opcode", opcodeName, r.tf, r.rf),
      frameTable("Bytes at a time", "Bytes", count, r.to, r.ro)),
  ];
}

function countTable(name, heads, rows) {
  if (rows.length === 0) return null;
  return el("div", { class: "scroll" }, el("table", { class: "counts" }, el("caption", {}, name),
    el("thead", {}, el("tr", {}, heads.map((h, i) => el("th", { scope: "col", class: i ? "num" : null }, h)))),
    el("tbody", {}, rows.map(([head, ...cells]) => el("tr", {}, el("th", { scope: "row" }, head), cells.map((c) => el("td", { class: "num" }, c)))))));
}

function frameTable(name, key, show, sent = {}, got = {}) {
  const keys = [...new Set([...Object.keys(sent), ...Object.keys(got)].map(Number))].sort((a, b) => a - b);
  const list = keys.filter((k) => k >= 0).map((k) => [show(k), count(sent[k] || 0), count(got[k] || 0)]);
  if (keys[0] === -1) list.push(["other sizes, not counted here", count(sent[-1] || 0), count(got[-1] || 0)]);
  return countTable(name, [key, "suite", "peer"], list);
}

function trafficTable(t, ratio) {
  const names = ["bytes of the application", "bytes of payloads, compressed", "bytes of frames", "messages", "frames"];
  const rows = names.map((name, i) => [name, count(t[i + 5]), count(t[i])]);
  if (ratio) rows.push(["compression ratio", ...[5, 0].map((i) => t[i] ? (t[i + 1] / t[i]).toFixed(3) : "–")]);
  return countTable("Traffic", ["", "suite", "peer"], rows);
}
