// What is shown: a table of the rows, and one of everybody's own figures.

import { reader, verdict } from './figures.mjs';

export function shown(value) {
  if (value === undefined) return '–';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return Number(value.toPrecision(3)).toString();
}

export function rowTable(figures) {
  const lines = figures.map((it) => {
    const sign = it.isBetterLow ? '≤' : '≥';
    const limit = (value) => `${sign} ${shown(value)}`;
    return `| ${it.row} | ${it.what} | ${shown(it.value)} ${it.unit} | ${limit(it.goal)} | ${limit(it.floor)} | ${verdict(it)} |`;
  });
  return ['| # | figure | measured | goal | floor | |', '| --- | --- | --- | --- | --- | --- |', ...lines].join('\n');
}

const COLUMNS = [
  ['hot', 'server_us_per_delivery', '1 × 1000, µs'],
  ['hot', 'deliveries_per_s', 'deliveries/s'],
  ['middle', 'server_us_per_delivery', '100 × 100, µs'],
  ['small', 'server_us_per_delivery', '2000 × 2–10, µs'],
  ['idle, 10,000', 'kib_per_connection', 'idle, KiB'],
  ['connect', 'server_us_per_handshake', 'connect, µs'],
  ['all back', 'all_ms', '10,000 back, ms'],
  ['round trip', 'latency_us.p50', 'round trip, µs'],
];

export function peerTable(cells, names) {
  const of = reader(cells);
  const head = ['server', ...COLUMNS.map(([, , title]) => title)];
  const lines = names.map((name) => [name, ...COLUMNS.map(([test, key]) => shown(of(test, name, key)))]);
  const row = (it) => `| ${it.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n');
}

// What the server held at each full minute of churn, and after everybody had left.
export function churnTable(cells) {
  const [cell] = cells.churn?.hubbub ?? [];
  if (!cell) return '';
  const line = (when, { rss_kib, rooms, connected }) => `| ${when} | ${shown(rss_kib / 1024)} | ${shown(rooms)} | ${shown(connected)} |`;
  const minutes = cell.memory.filter((it, place) => place % 6 === 0).map((it) => line(`${Math.round(it.s / 60)} min`, it));
  return ['| after | RSS, MiB | rooms awake | connected |', '| --- | --- | --- | --- |', ...minutes, line('everybody has left', cell.after), ''].join('\n');
}

// How much the rounds differ, and who else was on the machine: without it a ratio says little.
export function noise(cells) {
  const lines = [];
  for (const [test, servers] of Object.entries(cells)) {
    for (const [server, rounds] of Object.entries(servers)) {
      const values = rounds.map((it) => it.server_us_per_delivery).filter((it) => it > 0);
      const others = Math.max(0, ...rounds.map((it) => it.shares?.others ?? 0));
      const generator = Math.max(0, ...rounds.map((it) => it.shares?.generator ?? 0));
      const spread = values.length > 1 ? Math.max(...values) / Math.min(...values) : 1;
      if (others > 0.2 || spread > 1.2 || generator > 0.95) {
        const words = `spread ${shown(spread)}, others ${shown(others)} of a core, generator ${shown(generator)}`;
        lines.push(`  ${test}, ${server}: ${words}`);
      }
    }
  }
  return lines.length === 0 ? 'The machine was quiet.' : ['Noisy:', ...lines].join('\n');
}
