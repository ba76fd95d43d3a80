// Rooms on the package `socket.io`, one process, WebSocket only. PORT says where.

import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });

io.on('connection', (socket) => {
  socket.on('join', (room) => {
    socket.join(room);
    socket.emit('joined', { room });
  });
  socket.on('msg', ({ room, data }) => {
    io.to(room).emit('msg', { room, data });
  });
});

// As many in the queue as a crowd that comes back may need.
http.listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 4096 });
