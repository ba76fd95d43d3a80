// What the pages may weigh. The budget keeps a careless dependency from slowing everybody's first page; what a whole visit
// weighs, with the page itself, is in end2end/tests/first-visit.spec.ts.
import { readdirSync, readFileSync } from 'node:fs';

const site = 'target/site';

// Bytes, brotli. Raise one only together with the reason why the pages need it.
const BUDGET = [
  ['pkg/hubbub.wasm', 330_000],
  // With what WebAssembly would need more room for: IndexedDB, the other tabs, copies for times without network.
  ['pkg/hubbub.js', 10_500],
  // It travels inside the pages; what it adds to one is more, because a page is compressed in haste.
  ['pkg/hubbub.css', 9_000],
  // What loads for developers has no hurry.
  ['pkg/hubbub-tools.wasm', 407_000],
  ['pkg/hubbub-tools.js', 10_500],
  ['sw.js', 2_000],
];

/** What somebody loads who comes to a room for the first time. */
const FIRST_VISIT = ['pkg/hubbub.wasm', 'pkg/hubbub.js', 'pkg/hubbub.css'];
const FIRST_VISIT_BYTES = 345_000;

const weights = new Map(BUDGET.map(([name]) => [name, weigh(name)]));
const sum = FIRST_VISIT.reduce((bytes, name) => bytes + weights.get(name), 0);
const fit = [...BUDGET.map(([name, limit]) => check(name, weights.get(name), limit)), check('first visit to a room', sum, FIRST_VISIT_BYTES)];
process.exitCode = fit.every(Boolean) ? 0 : 1;

/** The compressed file, whatever hash is in its name. */
function weigh(name) {
  const [, folder, stem, kind] = /^(?:(.*)\/)?([^.]+)\.(.+)$/.exec(name);
  const pattern = new RegExp(`^${stem}(\\.[\\w-]{22})?\\.${kind}\\.br$`);
  const found = readdirSync(`${site}/${folder ?? ''}`).filter((it) => pattern.test(it));
  if (found.length !== 1) throw new Error(`${name} is there ${found.length} times`);
  return readFileSync(`${site}/${folder ?? ''}/${found[0]}`).length;
}

function check(name, bytes, limit) {
  console.log(`  ${name.padEnd(24)} ${String(bytes).padStart(8)} of ${String(limit).padStart(8)} bytes  ${bytes <= limit ? 'fits' : 'TOO BIG'}`);
  return bytes <= limit;
}
