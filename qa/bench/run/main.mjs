// Runs everything in turn, so many rounds, and writes what came out: node qa/bench/run/main.mjs ROUNDS [ROWS]
//
// In each round every measurement is made of all its servers, one after the other, so that what the machine does besides
// hits all of them alike. The server has the first core, the load generator the second.

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

import { figures } from './figures.mjs';
import { filled, MAX_OUTPUT, measure, run } from './measure.mjs';
import { pictures } from './plot.mjs';
import { churnTable, noise, peerTable, rowTable, shown } from './report.mjs';
import { SERVERS, startTime } from './servers.mjs';
import { CHURN, LONG_ROOM_MESSAGES, SHAPES, TESTS } from './tests.mjs';

const RESULTS = 'qa/bench/results';
const STARTS = 10;

const [rounds, rows] = [Number(process.argv[2] ?? 3), (process.argv[3] ?? '').split(',').filter(Boolean)];
const wants = (row) => rows.length === 0 || rows.includes(String(row));

// The best of the shapes that wait for the disk, from the bench of the writer.
async function writerRate() {
  const words = ['-c', '0', 'cargo', 'bench', '--locked', '--package', 'bench', '--bench', 'writer'];
  const { stdout } = await run('taskset', words, { maxBuffer: MAX_OUTPUT });
  const rates = stdout.split('\n').map((line) => Number(line.trim().split(/\s+/)[2]));
  return Math.max(...rates.filter((it) => it > 0));
}

async function medianStart(data) {
  const times = [];
  for (let n = 0; n < STARTS; n += 1) times.push(await startTime(data));
  return times.sort((a, b) => a - b)[STARTS / 2];
}

const began = Date.now();
const tests = [...TESTS, CHURN].filter((test) => (test === CHURN ? rows.includes('churn') : test.rows.some(wants)));
const data = { wide: await filled('wide', 0, SHAPES) };
if (wants(17)) data.long = await filled('long', LONG_ROOM_MESSAGES, SHAPES);

const cells = {};
const failed = [];
for (let round = 1; round <= rounds; round += 1) {
  for (const test of tests.filter((it) => round === 1 || !it.once)) {
    for (const name of test.servers) {
      const at = Math.round((Date.now() - began) / 1000);
      try {
        const cell = await measure(test, name, data[test.data ?? 'wide']);
        ((cells[test.name] ??= {})[name] ??= []).push(cell);
        const key = ['server_us_per_delivery', 'kib_per_connection', 'server_us_per_handshake', 'all_ms', 'server_us_per_page', 'server_us_per_visit'];
        const first = key.find((it) => cell[it] !== undefined);
        console.log(`[${at} s] ${round} ${test.name}, ${name}: ${first ?? ''} ${shown(cell[first])}${cell.first_failure ? ` (${cell.first_failure})` : ''}`);
      } catch (error) {
        failed.push(`${test.name}, ${name}`);
        console.log(`[${at} s] ${round} ${test.name}, ${name}: ${String(error.stderr || error.message).trim()}`);
      }
    }
  }
}

// What cannot be measured is named at the end, and does not keep the rest from being shown.
async function attempt(row, words, measure) {
  if (!wants(row)) return undefined;
  try {
    return await measure();
  } catch (error) {
    failed.push(words);
    console.log(`${words}: ${String(error.stderr || error.message).trim()}`);
    return undefined;
  }
}

const others = {
  writerRate: await attempt(12, 'writer alone', writerRate),
  startMs: await attempt(18, 'start', () => medianStart(data.wide)),
};
const table = figures(cells, others).filter((it) => wants(it.row));
const machine = { cpu: cpus()[0].model, cores: cpus().length, memory_bytes: totalmem(), kernel: release(), node: process.version };

mkdirSync(RESULTS, { recursive: true });
const seconds = Math.round((Date.now() - began) / 1000);
writeFileSync(`${RESULTS}/latest.json`, `${JSON.stringify({ at: new Date().toISOString(), seconds, rounds, machine, rows: table, ...others, cells }, null, 1)}\n`);
for (const [file, svg] of pictures(cells)) writeFileSync(`${RESULTS}/${file}`, svg);

console.log(`\n${rowTable(table)}\n\n${churnTable(cells)}\n${peerTable(cells, Object.keys(SERVERS))}\n\n${noise(cells)}`);
console.log(`\n${seconds} s. ${RESULTS}/latest.json has every figure.`);
if (failed.length > 0) {
  console.log(`Not measured: ${failed.join('; ')}`);
  process.exitCode = 1;
}
