const { WebSocket } = require("undici");

const [url, agent, from, to] = process.argv.slice(2);

const play = (n) => new Promise((resolve) => {
  const socket = new WebSocket(`${url}/runCase?case=${n}&agent=${agent}`);
  socket.binaryType = "arraybuffer";
  const limit = setTimeout(() => { socket.close(); resolve(); }, 120e3);
  socket.onmessage = (event) => socket.send(event.data);
  socket.onclose = () => { clearTimeout(limit); resolve(); };
});

(async () => {
  for (let n = Number(from); n <= Number(to); n++) await play(n);
  process.exit(0);
})();
