// Compares instruction counts with the recorded ones: node qa/bench/run/check.mjs [record]
//
// Instructions, not time: valgrind's cachegrind counts the same on a busy machine. Each function is run twice, and the
// longer run less the shorter one is what the repetitions took.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HOT = 'target/release/examples/hot';
const RECORDED = 'qa/bench/instructions.json';
const FEW = 500;
const MANY = 1500;
const TOLERANCE = 0.05;

async function instructions(name, count) {
  const words = ['--tool=cachegrind', '--cache-sim=no', '--cachegrind-out-file=/dev/null', HOT, name, String(count)];
  const { stderr } = await run('valgrind', words);
  const counted = /I\s+refs:\s+([\d,]+)/.exec(stderr);
  if (!counted) throw new Error(`valgrind said: ${stderr}`);
  return Number(counted[1].replaceAll(',', ''));
}

const names = (await run(HOT, [])).stdout.trim().split('\n');
const measured = {};
for (const name of names) {
  measured[name] = Math.round(((await instructions(name, MANY)) - (await instructions(name, FEW))) / (MANY - FEW));
}
if (process.argv[2] === 'record') {
  writeFileSync(RECORDED, `${JSON.stringify(measured, null, 2)}\n`);
  console.log(`recorded in ${RECORDED}`);
}
const recorded = existsSync(RECORDED) ? JSON.parse(readFileSync(RECORDED, 'utf8')) : {};
let off = 0;
for (const [name, count] of Object.entries(measured)) {
  const before = recorded[name];
  const change = before ? count / before - 1 : NaN;
  const isOff = !(Math.abs(change) <= TOLERANCE);
  if (isOff) off += 1;
  const words = before ? `${(100 * change).toFixed(1)} %` : 'not recorded';
  console.log(`  ${name.padEnd(34)} ${String(count).padStart(9)} instructions, ${words}${isOff ? '  OFF' : ''}`);
}
const gone = Object.keys(recorded).filter((name) => !(name in measured));
if (gone.length > 0) console.log(`recorded, but no longer there: ${gone.join(', ')}`);
if (off + gone.length > 0) {
  console.log('More than 5 % off what is recorded. If that is meant: make bench-check RECORD=record');
  process.exitCode = 1;
}
