// Compares an older build of the program with the one that was built last: node qa/bench/run/ab.mjs OLD ROUNDS [ROWS]
//
// Both have the same environment and a copy of the same database, and take turns within each measurement of each round, so
// that what the machine does besides hits both alike. Ends with 1 where the new one is worse.

import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { FIGURES, report, TOLERANCE, values } from './compare.mjs';
import { FOLDER, filled, measure } from './measure.mjs';
import { shown } from './report.mjs';
import { SHAPES, TESTS } from './tests.mjs';

const ALL_ROWS = '1,3,7,9,10,11,13';
const RESULT = `${FOLDER}/ab.json`;

const [old, rounds] = [resolve(process.argv[2] ?? ''), Number(process.argv[3] ?? 5)];
const rows = (process.argv[4] || ALL_ROWS).split(',').map(Number);
const programs = { old, new: undefined };
accessSync(old, constants.X_OK);

const figures = FIGURES.filter((it) => rows.includes(it.row));
// What takes so long that the table has it in one round alone has no place here.
const tests = TESTS.filter((test) => !test.once && figures.some((it) => it.test === test.name));
const serversOf = (test) => [...new Set(figures.filter((it) => it.test === test.name).map((it) => it.server))];

const began = Date.now();
// A program opens databases of older versions and refuses those of newer ones. So the older `fill`, if it was built, fills it.
const olderFill = `${dirname(old)}/examples/fill`;
const data = await filled('wide', 0, SHAPES, existsSync(olderFill) ? olderFill : undefined);
const cells = {};
const failed = [];

async function measureOnce(round, test, server, build) {
  const at = `[${Math.round((Date.now() - began) / 1000)} s] ${round} ${test.name}, ${server}, ${build}`;
  try {
    const cell = await measure(test, server, data, programs[build]);
    (((cells[test.name] ??= {})[server] ??= {})[build] ??= []).push(cell);
    const broken = (cell.lost ?? 0) + (cell.doubled ?? 0) + (cell.unanswered ?? 0);
    if (broken > 0 && build === 'new') failed.push(`${test.name}, ${server}: ${broken} lost, doubled or unanswered in round ${round}`);
    const figure = figures.find((it) => it.test === test.name && it.server === server);
    console.log(`${at}: ${figure.key} ${shown(values([cell], figure)[0])}`);
  } catch (error) {
    failed.push(`${test.name}, ${server}, ${build}: not measured in round ${round}`);
    console.log(`${at}: ${String(error.stderr || error.message).trim()}`);
  }
}

for (let round = 1; round <= rounds; round += 1) {
  // In turn the one and the other comes first.
  const order = round % 2 === 1 ? ['old', 'new'] : ['new', 'old'];
  for (const test of tests) {
    for (const server of serversOf(test)) {
      for (const build of order) await measureOnce(round, test, server, build);
    }
  }
}

const { table, worse } = report(figures, cells);
writeFileSync(RESULT, `${JSON.stringify({ at: new Date().toISOString(), old, rounds, cells }, null, 1)}\n`);
console.log(`\n${table}\n\nMedians of ${rounds} round(s), with the least and the most. ${RESULT} has every figure.`);
if (worse > 0) console.log(`${worse} worse by more than ${100 * TOLERANCE} % and by more than the old rounds differ.`);
if (failed.length > 0) console.log(`Failed: ${failed.join('; ')}`);
process.exitCode = worse + failed.length > 0 ? 1 : 0;
