// Bars as SVG, by hand: one picture for each figure, a bar for each server.

import { reader } from './figures.mjs';
import { shown } from './report.mjs';

const WIDTH = 640;
const LEFT = 150;
const RIGHT = 90;
const BAR = 22;
const GAP = 10;
const TOP = 44;

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

// One picture; `bars` are [name, value], the shortest first.
export function picture(title, unit, bars) {
  const sorted = bars.filter(([, value]) => value > 0).sort(([, a], [, b]) => a - b);
  const longest = Math.max(...sorted.map(([, value]) => value));
  const height = TOP + sorted.length * (BAR + GAP) + GAP;
  const rows = sorted.map(([name, value], place) => {
    const y = TOP + place * (BAR + GAP);
    const width = Math.max(1, ((WIDTH - LEFT - RIGHT) * value) / longest).toFixed(1);
    const fill = name.startsWith('hubbub') ? '#2f6fde' : name === 'probe' ? '#9aa3ad' : '#c9ced4';
    const text = y + BAR / 2 + 5;
    return [
      `<text x="${LEFT - 10}" y="${text}" text-anchor="end">${escape(name)}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="3" fill="${fill}"/>`,
      `<text x="${LEFT + Number(width) + 8}" y="${text}">${shown(value)}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="14">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="${GAP}" y="26" font-size="16" font-weight="600">${escape(title)}, ${escape(unit)}</text>
${rows.join('\n')}
</svg>
`;
}

const PICTURES = [
  ['hot', 'server_us_per_delivery', 'CPU per delivery, 1 × 1000', 'µs'],
  ['middle', 'server_us_per_delivery', 'CPU per delivery, 100 × 100', 'µs'],
  ['small', 'server_us_per_delivery', 'CPU per delivery, 2000 × 2–10', 'µs'],
  ['idle, 10,000', 'kib_per_connection', 'Memory per idle connection', 'KiB'],
  ['all back', 'all_ms', '10,000 clients come back', 'ms'],
];

// [file name, SVG] for everything that was measured.
export function pictures(cells) {
  const of = reader(cells);
  return PICTURES.filter(([test]) => cells[test]).map(([test, key, title, unit]) => {
    const bars = Object.keys(cells[test]).map((server) => [server, of(test, server, key) ?? 0]);
    return [`${test.replaceAll(/[^a-z0-9]+/g, '-')}.svg`, picture(title, unit, bars)];
  });
}
