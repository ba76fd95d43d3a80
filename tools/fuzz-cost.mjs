// Judges what the decoders cost: node tools/fuzz-cost.mjs
//
// Each is given long inputs of two lengths by qa/fuzz/examples/cost.rs, under valgrind's cachegrind, which counts the same on a
// busy machine. The difference of the two is what a byte costs. A decoder that goes through its input once costs the same for
// each byte however long the input is; one that goes through it again and again costs more the longer it is.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const COST = 'target/release/examples/cost';
const LENGTHS = [1_024, 16_384, 131_072];
/** Instructions for each byte, checks of the fuzz target included: those read what they wrote again. */
const MOST = 400;
/** A byte of the longest inputs may cost so many times one of the shorter ones. */
const MOST_TIMES = 2;

async function cost(name, length) {
  const words = ['--tool=cachegrind', '--cache-sim=no', '--cachegrind-out-file=/dev/null', COST, name, String(length)];
  const { stdout, stderr } = await run('valgrind', words, { maxBuffer: 1 << 26 });
  const counted = /I\s+refs:\s+([\d,]+)/.exec(stderr);
  if (!counted) throw new Error(`valgrind said: ${stderr}`);
  return { bytes: Number(stdout), instructions: Number(counted[1].replaceAll(',', '')) };
}

const names = (await run(COST, [])).stdout.trim().split('\n');
let off = 0;
for (const name of names) {
  const [short, middle, long] = await Promise.all(LENGTHS.map((length) => cost(name, length)));
  const between = (from, to) => (to.instructions - from.instructions) / (to.bytes - from.bytes);
  const [first, second] = [between(short, middle), between(middle, long)];
  const isOff = !(second <= MOST && second <= Math.max(first, 10) * MOST_TIMES);
  if (isOff) off += 1;
  console.log(`  ${name.padEnd(24)} ${first.toFixed(0).padStart(6)} ${second.toFixed(0).padStart(6)} instructions a byte${isOff ? '  OFF' : ''}`);
}
if (off > 0) {
  console.log(`More than ${MOST} instructions a byte, or more than ${MOST_TIMES} times as many in longer inputs.`);
  process.exitCode = 1;
}
