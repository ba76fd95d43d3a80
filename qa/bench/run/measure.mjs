// One measurement: fills a database, starts a server on a copy of it, and has the load generator measure it from the other
// core, because both runners (the table and the comparison of two programs) must measure alike.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { promisify } from 'node:util';

import { SECRET, start } from './servers.mjs';

const FILL = 'target/release/examples/fill';

export const run = promisify(execFile);
export const MAX_OUTPUT = 16 * 1024 * 1024;
// Databases lie here, on the disk that the build is on.
export const FOLDER = 'target/bench';

mkdirSync(FOLDER, { recursive: true });
process.env.BENCH_FOLDER = FOLDER;

// Filled once for each build of the program that fills.
export async function filled(name, messages, shapes, fill = FILL) {
  const folder = `${FOLDER}/${name}-${Math.round(statSync(fill).mtimeMs)}`;
  if (!existsSync(folder)) {
    console.log(`filling ${folder}`);
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    await run(fill, [unfinished, String(messages), ...shapes]);
    renameSync(unfinished, folder);
  }
  return folder;
}

// What the load generator says of a server of this name; `program` is another build of ours.
export async function measure(test, name, data, program) {
  const server = await start(name, data, program);
  try {
    const about = ['--target', server.target, '--port', String(server.port), '--pid', String(server.pid)];
    const words = [...test.load, ...about, '--secret', SECRET, '--label', `${test.name}: ${name}`];
    const { stdout } = await run('taskset', ['-c', '1', 'target/release/load', ...words], { maxBuffer: MAX_OUTPUT });
    return JSON.parse(stdout);
  } finally {
    await server.stop();
  }
}
