// The client of somebody's project, as its CI has it judged.
import WebSocket from 'ws';

const suite = process.env.CONFORM_URL;
const agent = 'agent=mine';

// play connects and sends every message back until the connection ends. It returns the last one.
const play = (path) =>
  new Promise((resolve) => {
    let last;
    const socket = new WebSocket(`${suite}/${path}`, { maxPayload: 64 * 1024 * 1024 });
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => {
      last = data.toString();
      if (path.startsWith('runCase')) socket.send(data, { binary: isBinary });
    });
    socket.on('close', () => resolve(last));
  });

const count = Number(await play('getCaseCount'));
for (let n = 1; n <= count; n++) await play(`runCase?case=${n}&${agent}`);
await play(`updateReports?${agent}`);
