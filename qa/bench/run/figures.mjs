// The rows of the table: which figure of which measurements, and what it should be.

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
};

// `of(test, server, key)` is the median over the rounds, or undefined.
export function reader(cells) {
  return (test, server, key) => {
    const values = (cells[test]?.[server] ?? []).map((cell) => key.split('.').reduce((it, part) => it?.[part], cell));
    const numbers = values.filter((it) => typeof it === 'number');
    return numbers.length === 0 ? undefined : median(numbers);
  };
}

const DELIVERY = 'server_us_per_delivery';
const ratio = (a, b) => (a === undefined || !b ? undefined : a / b);
const ms = (us) => (us === undefined ? undefined : us / 1000);

const low = (row, what, value, unit, goal, floor) => ({ row, what, value, unit, goal, floor, isBetterLow: true });
const high = (row, what, value, unit, goal, floor) => ({ row, what, value, unit, goal, floor, isBetterLow: false });

const sum = (numbers) => numbers.reduce((all, it) => all + it, 0);

// Lost, doubled or unacknowledged messages of ours in all measurements, or undefined without any.
function failures(cells) {
  const ours = Object.values(cells).flatMap((servers) => [...(servers.hubbub ?? []), ...(servers['hubbub, Socket.IO'] ?? [])]);
  const counted = ours.filter((cell) => cell.doubled !== undefined && !cell.tried?.length);
  return counted.length === 0 ? undefined : sum(counted.map((it) => it.lost + it.doubled + it.unanswered));
}

export function figures(cells, { writerRate, startMs }) {
  const of = reader(cells);
  const toProbe = (test, key, server = 'hubbub') => ratio(of(test, server, key), of(test, 'probe', key));
  const toSocketIo = (test) => ratio(of(test, 'socket.io', DELIVERY), of(test, 'hubbub', DELIVERY));
  const twoDoors = (test) => ratio(of(test, 'hubbub, Socket.IO', DELIVERY), of(test, 'hubbub', DELIVERY));
  const memory = (row, test, server, goal, floor) =>
    low(row, `${test} idle, KiB each, ${server}`, of(`idle, ${test}`, server, 'kib_per_connection'), 'KiB', goal, floor);
  const shapes = [['hot', '1 × 1000'], ['middle', '100 × 100'], ['small', '2000 × 2–10']];
  return [
    low(1, 'CPU per delivery, 1 × 1000', toProbe('hot', DELIVERY), '× probe', 1.15, 1.8),
    high(2, 'highest rate, 1 × 1000', of('highest rate', 'hubbub', 'deliveries_per_s'), '/s', 2_500_000, 1_000_000),
    ...shapes.slice(1).map(([test, name]) => low(3, `CPU per delivery, ${name}`, toProbe(test, DELIVERY), '× probe', 1.1, 1.25)),
    ...shapes.map(([test, name]) =>
      low(4, `the same at 10,000 deliveries/s, ${name}`, toProbe(`${test}, calm`, DELIVERY), '× probe', 1.15, 1.3),
    ),
    high(5, 'socket.io takes more, 1 × 1000', toSocketIo('hot'), '×', 4.5, 3),
    high(5, 'socket.io takes more, 2000 × 2–10', toSocketIo('small'), '×', 2.5, 2),
    ...shapes.map(([test, name]) => low(6, `our Socket.IO against raw, ${name}`, twoDoors(test), '×', 1.15, 1.3)),
    ...['10,000', '19,000'].flatMap((test) => [
      memory(7, test, 'hubbub', 2.5, 5),
      memory(7, test, 'hubbub, Socket.IO', 4, 7.5),
    ]),
    low(8, 'CPU while 10,000 are idle', of('heartbeats', 'hubbub', 'server_percent'), '%', 0.3, 1),
    low(9, 'connect to joined', toProbe('connect', 'server_us_per_handshake'), '× probe', 1.25, 1.7),
    low(10, '10,000 back, time', of('all back', 'hubbub', 'all_ms'), 'ms', 700, 1400),
    low(10, '10,000 back, memory', of('all back', 'hubbub', 'rss_ratio'), '× before', 1.2, 1.5),
    low(10, '10,000 back, refused', of('all back', 'hubbub', 'refused'), '', 0, 0),
    high(10, '10,000 back, recovered', of('all back', 'hubbub', 'recovered'), '', 10_000, 10_000),
    high(11, 'posts acknowledged', of('posts', 'hubbub', 'stored_per_s'), '/s', 15_000, 8_000),
    low(11, 'posts acknowledged, p99', ms(of('posts', 'hubbub', 'stored_us.p99')), 'ms', 20, 20),
    high(12, 'writer alone', writerRate, '/s', 60_000, 40_000),
    low(13, 'one post to its delivery, p50', ms(of('one post', 'hubbub', 'latency_us.p50')), 'ms', 0.5, 0.5),
    low(13, 'one post to its delivery, p99', ms(of('one post', 'hubbub', 'latency_us.p99')), 'ms', 2, 5),
    low(14, 'round trip, p50', toProbe('round trip', 'latency_us.p50'), '× probe', 1.1, 1.3),
    ...shapes.slice(1).map(([test, name]) =>
      low(15, `p99 with 4,000 deliveries under way, ${name}`, ms(of(test, 'hubbub', 'latency_us.p99')), 'ms', 60, 100),
    ),
    low(16, 'lost, doubled or unanswered', failures(cells), '', 0, 0),
    low(17, 'a page of history, CPU', ms(of('history', 'hubbub', 'server_us_per_page')), 'ms', 1, 3),
    low(18, 'start to first answer', startMs, 'ms', 100, 300),
    low('churn', 'memory in the last third, ±', of('churn', 'hubbub', 'plateau.percent'), '%', 5, 5),
    low('churn', 'memory after everybody has left', ratio(of('churn', 'hubbub', 'after.rss_kib'), of('churn', 'hubbub', 'plateau.lowest_kib')), '× plateau', 1, 1),
    low('churn', 'rooms awake after everybody has left', of('churn', 'hubbub', 'after.rooms'), '', 0, 0),
    low('churn', 'visits that were lost', of('churn', 'hubbub', 'lost'), '', 0, 0),
  ].filter((figure) => figure.value !== undefined);
}

export function verdict({ value, goal, floor, isBetterLow }) {
  const meets = (limit) => (isBetterLow ? value <= limit : value >= limit);
  if (meets(goal)) return 'goal';
  return meets(floor) ? 'floor' : 'missed';
}
