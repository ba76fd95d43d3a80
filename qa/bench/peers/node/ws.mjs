// Rooms on the package `ws`, one process, as its own examples broadcast. PORT says where.

import { WebSocketServer } from 'ws';

const rooms = new Map();
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env.PORT),
  path: '/ws',
  backlog: 4096,
  perMessageDeflate: false,
});

function join(socket, room) {
  socket.room = room;
  if (!rooms.has(room)) rooms.set(room, new Set());
  rooms.get(room).add(socket);
  socket.send(JSON.stringify({ type: 'joined', room }));
}

function leave(socket) {
  const members = rooms.get(socket.room);
  if (members?.delete(socket) && members.size === 0) rooms.delete(socket.room);
}

server.on('connection', (socket) => {
  socket.on('message', (text) => {
    const { type, room, data } = JSON.parse(text);
    if (type === 'join') {
      join(socket, room);
    } else if (type === 'msg') {
      const out = JSON.stringify({ type: 'msg', room, data });
      for (const member of rooms.get(room) ?? []) member.send(out);
    }
  });
  // A client that resets its connection is no news here.
  socket.on('error', () => socket.terminate());
  socket.on('close', () => leave(socket));
});
