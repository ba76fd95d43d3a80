// How each server is started, and what the load generator has to know of it.

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const PROGRAM = process.env.BENCH_PROGRAM ?? 'target/release/hubbub';
const PATIENCE_MS = 30_000;

// What tokens are signed with.
export const SECRET = 'a secret of the measurements, long enough';

// The normal configuration: people come with tokens of another service, and nobody is told to be slower.
const settings = (port, folder) => ({
  HUBBUB_LISTEN: `127.0.0.1:${port}`,
  HUBBUB_DATA_DIR: folder,
  HUBBUB_ACCOUNTS: 'external',
  HUBBUB_RATE_LIMITS: 'off',
  HUBBUB_LOG: 'error',
  JWT_SECRET: SECRET,
});

// What the caller has set for a server of their own is none of ours.
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(HUBBUB_|JWT_|ACCESS_TOKEN_|DATABASE_URL|CORS_)/.test(name)),
);

const ours = (target) => ({ target, command: ['serve'], isOurs: true });
const peer = (target, ...command) => ({ target, command, isOurs: false });

export const SERVERS = {
  hubbub: ours('hubbub'),
  'hubbub, Socket.IO': ours('hubbub-socketio'),
  probe: peer('plain', 'target/peers/release/probe'),
  socketioxide: peer('socketio', 'target/peers/release/socketioxide'),
  'socket.io': peer('socketio', 'node', 'qa/bench/peers/node/socketio.mjs'),
  ws: peer('plain', 'node', 'qa/bench/peers/node/ws.mjs'),
};

// A port that was free a moment ago.
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (is) => {
      socket.destroy();
      resolve(is);
    };
    socket.on('connect', () => answer(true));
    socket.on('error', () => answer(false));
  });
}

// Ended with us, however we end.
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

// Starts a server on the first core, ours from `program` with a copy of `data`; resolves when it listens.
export async function start(name, data, program = PROGRAM) {
  const { target, command, isOurs } = SERVERS[name];
  const words = isOurs ? [program, ...command] : command;
  const port = await freePort();
  const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), 'hubbub-bench-'));
  if (isOurs && data) cpSync(data, folder, { recursive: true });
  const began = performance.now();
  const child = spawn('taskset', ['-c', '0', ...words], {
    env: { ...ENVIRONMENT, ...(isOurs ? settings(port, folder) : { PORT: String(port) }) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  running.add(child);
  let isOver = false;
  const ended = new Promise((resolve) => child.on('exit', resolve)).then(() => (isOver = true));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    running.delete(child);
    rmSync(folder, { recursive: true });
  };
  while (!(await listens(port))) {
    if (isOver || performance.now() - began > PATIENCE_MS) {
      await stop();
      throw new Error(`${name} does not listen`);
    }
    await wait(2);
  }
  return { target, port, pid: child.pid, began, stop };
}

// Milliseconds from the start of our program to its first answer.
export async function startTime(data) {
  const server = await start('hubbub', data);
  try {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${server.port}/healthz`).catch(() => null);
      if (answer?.ok) return performance.now() - server.began;
      await wait(1);
    }
  } finally {
    await server.stop();
  }
}
