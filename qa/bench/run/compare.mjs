// Verdicts on two builds of the program: a figure is worse only where the medians differ by more than the tolerance and by
// more than the old program's own rounds do, because a difference within that is the machine's.

import { median } from './figures.mjs';
import { shown } from './report.mjs';

export const TOLERANCE = 0.05;

const DELIVERY = 'server_us_per_delivery';
const low = (row, what, test, server, key) => ({ row, what, test, server, key, isBetterLow: true });
const high = (row, what, test, server, key) => ({ row, what, test, server, key, isBetterLow: false });

// Rows of the table, as figures of ours alone: beside an older program of ours nothing needs the probe.
export const FIGURES = [
  low(1, 'CPU per delivery, 1 × 1000, µs', 'hot', 'hubbub', DELIVERY),
  low(3, 'CPU per delivery, 100 × 100, µs', 'middle', 'hubbub', DELIVERY),
  low(3, 'CPU per delivery, 2000 × 2–10, µs', 'small', 'hubbub', DELIVERY),
  low(7, '10,000 idle, KiB each', 'idle, 10,000', 'hubbub', 'anonymous_kib_per_connection'),
  low(7, '10,000 idle, KiB each, Socket.IO', 'idle, 10,000', 'hubbub, Socket.IO', 'anonymous_kib_per_connection'),
  low(9, 'connect to joined, µs', 'connect', 'hubbub', 'server_us_per_handshake'),
  low(10, '10,000 back, ms', 'all back', 'hubbub', 'all_ms'),
  low(10, '10,000 back, memory, × before', 'all back', 'hubbub', 'rss_ratio'),
  low(10, '10,000 back, refused', 'all back', 'hubbub', 'refused'),
  high(10, '10,000 back, recovered', 'all back', 'hubbub', 'recovered'),
  high(11, 'posts acknowledged, /s', 'posts', 'hubbub', 'stored_per_s'),
  low(11, 'posts acknowledged, p99, µs', 'posts', 'hubbub', 'stored_us.p99'),
  low(13, 'one post to its delivery, p50, µs', 'one post', 'hubbub', 'latency_us.p50'),
  low(13, 'one post to its delivery, p99, µs', 'one post', 'hubbub', 'latency_us.p99'),
];

// The values of a figure, one for each round in which it was measured.
export function values(rounds, { key }) {
  const found = rounds.map((cell) => key.split('.').reduce((it, part) => it?.[part], cell));
  return found.filter((it) => typeof it === 'number');
}

// Compares the rounds of one figure.
export function compare(before, after, isBetterLow) {
  const [old, now] = [median(before), median(after)];
  const spread = Math.max(...before) - Math.min(...before);
  const worse = isBetterLow ? now - old : old - now;
  return { old, now, spread, change: old === 0 ? undefined : now / old - 1, isWorse: worse > TOLERANCE * old && worse > spread };
}

const range = (numbers) => `${shown(median(numbers))} (${shown(Math.min(...numbers))}–${shown(Math.max(...numbers))})`;
const percent = (it) => (it === undefined ? '–' : `${it >= 0 ? '+' : ''}${(100 * it).toFixed(1)} %`);

// A table of all figures that both programs have, and how many of them are worse. `cells` are rounds by test, server, build.
export function report(figures, cells) {
  const lines = ['| # | figure | old | new | change | |', '| --- | --- | --- | --- | --- | --- |'];
  let worse = 0;
  for (const figure of figures) {
    const of = (build) => values(cells[figure.test]?.[figure.server]?.[build] ?? [], figure);
    const [before, after] = [of('old'), of('new')];
    if (before.length === 0 || after.length === 0) continue;
    const { change, isWorse } = compare(before, after, figure.isBetterLow);
    worse += isWorse ? 1 : 0;
    lines.push(`| ${figure.row} | ${figure.what} | ${range(before)} | ${range(after)} | ${percent(change)} | ${isWorse ? 'WORSE' : 'ok'} |`);
  }
  return { table: lines.join('\n'), worse };
}
