// A server of the npm package ws. It prints its port.
import { WebSocketServer } from 'ws';
import { serve } from './paths.mjs';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
server.on('listening', () => console.log(`listening ${server.address().port}`));
server.on('connection', (ws, request) => serve(ws, request.url));
