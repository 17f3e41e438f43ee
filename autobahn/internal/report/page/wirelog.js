// The wire log of a case, as a table that grows as it is asked to.

const logStep = 500;
let rawHidden = false;

const kindOf = (entry) => logKinds[entry[0]];
const isRaw = (entry) => kindOf(entry) === "RO" || kindOf(entry) === "TO";
const isFrame = (entry) => kindOf(entry) === "RF" || kindOf(entry) === "TF";
const columns = 8;

function wireLog(log) {
  const body = el("tbody");
  const more = el("button", { type: "button", onclick: () => grow(logStep) });
  const toggle = el("input", { type: "checkbox", onchange: () => { rawHidden = !toggle.checked; restart(); } });
  toggle.checked = !rawHidden;
  let entries, shown;

  function grow(by) {
    body.append(...entries.slice(shown, shown + by).map(logRow));
    shown = Math.min(entries.length, shown + by);
    more.hidden = shown === entries.length;
    more.textContent = `Show more: ${count(shown)} of ${some(entries.length, "entry", "entries")}`;
  }

  function restart() {
    entries = rawHidden ? log.filter((entry) => !isRaw(entry)) : log;
    shown = 0;
    body.replaceChildren();
    grow(logStep);
  }

  restart();
  const bytes = log.filter(isRaw).length;
  return [
    el("p", { class: "log-tools" }, el("label", {}, toggle, ` bytes as they were read and written (${count(bytes)})`)),
    el("div", { class: "scroll" }, el("table", { class: "log" },
      el("caption", { class: "unseen" }, "Wire log"),
      el("thead", {}, el("tr", {},
        ["ms", "from", "what", "opcode", "bits", "bytes", "as text", "as hex"].map((name, i) =>
          el("th", { scope: "col", class: i === 0 || i === 5 ? "num" : null }, name)))),
      body)),
    more,
  ];
}

const time = (at) => at < 0 ? "" : (at / 1000).toFixed(3);

function logRow(entry) {
  if (isFrame(entry)) return frameRow(entry);
  if (isRaw(entry)) return rawRow(entry);
  return el("tr", { class: "timer" },
    el("td", { class: "num" }, time(entry[1])), el("td", { colspan: columns - 1 }, timerText(entry)));
}

function timerText(entry) {
  const [, , delay, tag, bits] = entry;
  const seconds = `${(delay || 0) / 1e6} s`, name = tag ? ` (${text(tag)})` : "";
  switch (kindOf(entry)) {
    case "WLM": return bits & ON ? "the log goes on" : "not logged from here on";
    case "CT": return `wait ${seconds}${name}`;
    case "CTE": return `waited${name}`;
    case "KL": return `fail the connection in ${seconds}`;
    case "KLE": return "time is up: the suite fails the connection";
    case "TI": return `begin the closing handshake in ${seconds}`;
    case "TIE": return "time is up: the suite begins the closing handshake";
  }
  return "";
}

const from = (sent) => el("td", { class: sent ? "sent" : "got" }, sent ? "suite →" : "← peer");

function frameRow(entry) {
  const [, at, length, data, bits, opcode, key, chop] = entry;
  const bytes = blob(data), sent = kindOf(entry) === "TF";
  const how = [bits & SYNC ? "alone" : "", chop ? `by ${count(chop)}` : ""].filter(Boolean).join(", ");
  return payloadRow({ class: "frame" }, bytes, length, [
    el("td", { class: "num" }, time(at)), from(sent), el("td", {}, "frame", how && el("small", {}, " " + how)),
    el("td", { class: "opcode" }, opcodeName(opcode)),
    el("td", { class: "bits" }, frameBits(bits, key)), el("td", { class: "num" }, count(length)),
  ], opcode === 8 ? closeText(bytes) : payloadText(bytes, length));
}

// frameBits names the bits that are set, with the masking key.
function frameBits(bits, key) {
  const names = bits & FIN ? ["FIN"] : [];
  for (let i = 1; i <= 3; i++) if (bits >> 7 - i & 1) names.push("RSV" + i);
  if (bits & MASK) names.push("MASK");
  return names.map((name, i) => [i ? " " : "", el("span", { title: name === "MASK" ? `masking key ${hex(key, 8)}` : null }, name)]);
}

function rawRow(entry) {
  const [, at, length, data, bits] = entry;
  const bytes = blob(data), sent = kindOf(entry) === "TO";
  return payloadRow({ class: "bytes" }, bytes, length, [
    el("td", { class: "num" }, time(at)), from(sent),
    el("td", { colspan: 3 }, sent ? "written" : "read", bits & SYNC ? el("small", {}, " alone") : null),
    el("td", { class: "num" }, count(length)),
  ], utf8(bytes, length > bytes.length) === null ? null : payloadText(bytes, length));
}

// payloadRow ends a row with the payload; a click on the hex shows all of it below.
function payloadRow(attributes, bytes, length, cells, shown) {
  if (bytes.length === 0) return el("tr", attributes, cells, el("td", {}), el("td", {}));
  const begin = hexOf(bytes.subarray(0, 8), " ") + (length > 8 ? " …" : "");
  const button = el("button", {
    type: "button", class: "hex", "aria-expanded": "false", title: "hex dump", onclick: () => {
      const dump = row.nextElementSibling?.classList.contains("dump") ? row.nextElementSibling : null;
      if (dump) dump.remove();
      else row.after(el("tr", { class: "dump" }, el("td", { colspan: columns }, hexDump(bytes, length))));
      button.setAttribute("aria-expanded", String(!dump));
    },
  }, begin);
  const row = el("tr", attributes, cells, el("td", { class: "payload" }, shown), el("td", {}, button));
  return row;
}

// closeText is a Close frame's code and reason.
function closeText(bytes) {
  if (bytes.length < 2) return payloadText(bytes, bytes.length);
  const reason = utf8(bytes.subarray(2), false);
  return [closeCode(bytes[0] << 8 | bytes[1]), reason === null ? el("em", {}, " reason is not UTF-8") : [" ", visible(reason)]];
}

function payloadText(bytes, length) {
  const cut = length > bytes.length, decoded = utf8(bytes, cut);
  if (decoded === null) return el("em", {}, "not UTF-8");
  return [visible(decoded), cut ? " …" : null];
}

function hexDump(bytes, length) {
  const lines = [];
  for (let i = 0; i < bytes.length; i += 16) {
    const line = bytes.subarray(i, i + 16);
    const ascii = Array.from(line, (o) => o >= 0x20 && o < 0x7f ? String.fromCharCode(o) : ".").join("");
    const halves = [line.subarray(0, 8), line.subarray(8)].map((half) => hexOf(half, " ").padEnd(23)).join("  ");
    lines.push(`${hex(i, 4)}  ${halves}  ${ascii}`);
  }
  if (length > bytes.length) lines.push(`${some(length - bytes.length, "further byte")} not kept`);
  return el("pre", { tabindex: "0" }, lines.join("\n"));
}
