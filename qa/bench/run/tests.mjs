// What is measured, of whom, and with which words to the load generator.

const ALL = ['probe', 'hubbub', 'hubbub, Socket.IO', 'socket.io', 'ws', 'socketioxide'];
const FEW = ['probe', 'hubbub', 'hubbub, Socket.IO', 'socket.io'];
const PAIR = ['probe', 'hubbub'];
const BOTH = ['hubbub', 'hubbub, Socket.IO'];
const US = ['hubbub'];

const shape = (name) => {
  const [rooms, members] = name.split('x');
  return ['--rooms', rooms, '--members', members];
};
const fanout = (name, ...rest) => ['fanout', ...shape(name), ...rest];
const brief = ['--warmup', '1', '--duration', '2.5'];

// Everything that a filled database has.
export const SHAPES = ['1x1', '1x1000', '100x100', '2000x2-10', '1000x10', '1900x10', '100x1'];
export const LONG_ROOM_MESSAGES = 1_000_000;

// `rows` are those of the table; `once`: in the first round only, because it takes long.
export const TESTS = [
  { name: 'hot', rows: [1, 5, 6, 16], servers: ALL, load: fanout('1x1000', '--window', '4', ...brief) },
  { name: 'middle', rows: [3, 5, 6, 15, 16], servers: FEW, load: fanout('100x100', '--window', '40', ...brief) },
  { name: 'small', rows: [3, 5, 6, 15, 16], servers: FEW, load: fanout('2000x2-10', '--window', '667', ...brief) },
  { name: 'hot, calm', rows: [4, 16], servers: PAIR, load: fanout('1x1000', '--rate', '10000', ...brief) },
  { name: 'middle, calm', rows: [4, 16], servers: PAIR, load: fanout('100x100', '--rate', '10000', ...brief) },
  { name: 'small, calm', rows: [4, 16], servers: PAIR, load: fanout('2000x2-10', '--rate', '10000', ...brief) },
  {
    name: 'highest rate',
    rows: [2],
    servers: PAIR,
    once: true,
    load: fanout('1x1000', '--rate', '200000', '--search', '--warmup', '0.5', '--duration', '1.5'),
  },
  { name: 'idle, 10,000', rows: [7], servers: ['probe', ...BOTH], load: ['idle', ...shape('1000x10'), '--duration', '2'] },
  { name: 'idle, 19,000', rows: [7], servers: BOTH, once: true, load: ['idle', ...shape('1900x10'), '--duration', '3'] },
  // Longer than the 25 s between two heartbeats.
  { name: 'heartbeats', rows: [8], servers: US, once: true, load: ['idle', ...shape('1000x10'), '--duration', '30'] },
  { name: 'connect', rows: [9], servers: PAIR, load: ['connect', ...shape('1000x10'), '--window', '64', '--duration', '3'] },
  {
    name: 'all back',
    rows: [10],
    servers: ['probe', 'hubbub', 'socket.io'],
    load: ['storm', ...shape('1000x10'), '--window', '2000'],
  },
  { name: 'posts', rows: [11, 16], servers: US, load: ['posts', ...shape('2000x2-10'), '--window', '80', ...brief] },
  { name: 'one post', rows: [13, 16], servers: US, load: ['posts', ...shape('1x1'), '--window', '1', ...brief] },
  { name: 'round trip', rows: [14], servers: ['probe', 'hubbub', 'ws'], load: fanout('1x1', '--window', '1', ...brief) },
  {
    name: 'history',
    rows: [17],
    servers: US,
    data: 'long',
    load: ['history', ...shape('1x1'), '--messages', String(LONG_ROOM_MESSAGES), '--window', '1000'],
  },
];

// Half an hour, so only when it is asked for by name: ROWS=churn.
export const CHURN = {
  name: 'churn',
  rows: ['churn'],
  servers: US,
  once: true,
  load: ['churn', ...shape('1000x10'), '--rate', '500', '--duration', String(60 * Number(process.env.MINUTES ?? 30))],
};
