const { Client } = require("faye-websocket");

const [url, agent, from, to] = process.argv.slice(2);

const play = (n) => new Promise((resolve) => {
  const ws = new Client(`${url}/runCase?case=${n}&agent=${agent}`, [], { maxLength: 64 << 20 });
  const limit = setTimeout(() => { ws.close(); resolve(); }, 120e3);
  ws.on("error", () => {});
  ws.on("message", (event) => ws.send(event.data));
  ws.on("close", () => { clearTimeout(limit); resolve(); });
});

(async () => {
  for (let n = Number(from); n <= Number(to); n++) await play(n);
  process.exit(0);
})();
