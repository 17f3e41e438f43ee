import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const page = new URL("../page/", import.meta.url);
const files = readdirSync(page);
const read = name => readFileSync(new URL(name, page), "utf8");

test("everything that is loaded is there", () => {
  const missing = [];
  const wanted = (from, name) => files.includes(name) || missing.push(`${from}: ${name}`);
  for (const [, name] of read("index.html").matchAll(/"\/assets\/([^"]+)"/g)) wanted("index.html", name);
  for (const file of files.filter(name => name.endsWith(".js"))) {
    for (const [, name] of read(file).matchAll(/^(?:import|export)[^;]*? from "\.\/([^"]+)"/gm)) wanted(file, name);
  }
  assert.deepEqual(missing, []);
});

// The Content-Security-Policy of the server lets none of it run.
test("no inline script, style or handler", () => {
  const html = read("index.html");
  assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|="javascript:/i);
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)/i);
});

test("every id that is asked for is in the page, once", () => {
  const ids = Array.from(read("index.html").matchAll(/\sid="([^"]+)"/g), ([, id]) => id);
  assert.deepEqual(ids, [...new Set(ids)]);
  for (const file of files.filter(name => /^(main|view|lobby|tiles|controls|chat)\.js$/.test(name))) {
    for (const [, id] of read(file).matchAll(/(?:getElementById|#id|#say|#button|#field|#set)\("([^"]+)"\)/g)) assert.ok(ids.includes(id), `${file}: ${id}`);
  }
});
