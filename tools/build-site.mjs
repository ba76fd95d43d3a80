// Builds everything under target/site: the pages' WebAssembly with its JavaScript, the style, the files of public/ and the
// client library of Socket.IO.
// `--dev` leaves out optimising and compressing. What did not change is not written again.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { clientLibrary } from './client-library.mjs';
import { dropFunctions } from './drop-functions.mjs';

const dev = process.argv.includes('--dev');
const profile = dev ? 'dev' : 'wasm-release';
const linked = `target/wasm32-unknown-unknown/${dev ? 'debug' : profile}/frontend.wasm`;
const scratch = `target/site-build/${profile}`;
const site = 'target/site';

// Each page that lives, with the feature of `frontend` that makes it and the name under /pkg that the shell asks for.
const BUNDLES = [
  ['rooms', 'hubbub'],
  ['live', 'hubbub-live'],
  ['devtools', 'hubbub-devtools'],
  ['test', 'hubbub-test'],
];

const WASM_OPT = [
  // What travels is the compressed form. A large function that is put into its only caller takes new numbers for its
  // locals and is not like any other code any more: 16 kB more of brotli for the rooms, though less before that.
  '--one-caller-inline-max-function-size=20',
  // Over code without nesting, twice: 6 kB less of 622.
  '--flatten',
  '--rereloop',
  '-Oz',
  '--flatten',
  '--rereloop',
  '-Oz',
  '-Oz',
  // What rustc emits for wasm32-unknown-unknown.
  '--enable-bulk-memory',
  '--enable-multivalue',
  '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int',
  '--enable-reference-types',
  '--enable-sign-ext',
];

/**
 * See drop-functions.mjs. Nothing further down than these: the compiler merges functions of equal code, so what only
 * they seem to call may stand for another function, too.
 */
const UNCALLED = new RegExp(
  [
    // tachys::view::any_view::IntoAny::into_any::hydrate_async, and the future that it makes
    '^_R(NC)?INvNvX\\w{1,40}_6tachys4view8any_viewpNt\\w{1,4}_7IntoAny8into_any13hydrate_async',
    // the future that <.. as tachys::view::RenderHtml>::hydrate_async makes, and the closures in it
    '^_RNC(NC)?I?NvX\\w*10RenderHtml13hydrate_async0',
    // the classes of wasm-streams, and the futures that they make
    '^intounderlying',
    '^_RNCNCINv\\w*17future_to_promise\\w*12wasm_streams',
  ].join('|'),
);

const run = (program, args, env = {}) => execFileSync(program, args, { stdio: 'inherit', env: { ...process.env, ...env } });

rmSync(`${scratch}/pkg`, { recursive: true, force: true });
for (const [feature, name] of BUNDLES) bundle(feature, name);
const files = new Map([...filesUnder(`${scratch}/pkg`, 'pkg'), ...filesUnder('public', ''), ...clientLibrary()]);
files.set('pkg/hubbub.css', style());
compress(files);
publish(files);
report();

// JavaScript and WebAssembly of one page.
function bundle(feature, name) {
  link(feature);
  const module = readFileSync(linked);
  const made = `${scratch}/${feature}`;
  if (!isAsBefore(made, module)) bindgen(module, made, name);
  cpSync(`${made}/pkg`, `${scratch}/pkg`, { recursive: true });
}

function link(feature) {
  const args = ['build', '--locked', '--package', 'frontend', '--lib', '--target', 'wasm32-unknown-unknown'];
  const flags = ['--cfg', 'erase_components'];
  // Panics name their source file: without the folders of this machine, which are nobody's business and 34 kB.
  const sources = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry/src');
  if (existsSync(sources)) flags.push(...readdirSync(sources).map((it) => `--remap-path-prefix=${join(sources, it)}/=`));
  // Names that say of which types a function was made, for UNCALLED; they do not stay in the file.
  flags.push('-C', 'symbol-mangling-version=v0');
  run('cargo', [...args, '--profile', profile, '--no-default-features', '--features', feature], {
    CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'),
  });
}

// Whether this module was the last one that `bindgen` was given, by these very scripts.
function isAsBefore(made, module) {
  const stamp = `${made}/stamp`;
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(module);
}

function fingerprint(module) {
  const makers = [import.meta.filename, join(import.meta.dirname, 'drop-functions.mjs')].map((it) => readFileSync(it));
  return [module, ...makers].reduce((hash, it) => hash.update(it), createHash('sha256')).digest('hex');
}

function bindgen(module, made, name) {
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  const slim = `${made}/frontend.wasm`;
  writeFileSync(slim, dev ? module : dropFunctions(module, (it) => UNCALLED.test(it)).module);
  const strip = dev ? [] : ['--remove-name-section', '--remove-producers-section'];
  run('wasm-bindgen', [slim, '--target', 'web', '--no-typescript', '--out-dir', `${made}/pkg`, '--out-name', name, ...strip]);
  // With LEPTOS_OUTPUT_NAME set at compile time the pages ask for NAME.wasm, as cargo-leptos names it.
  const raw = `${made}/pkg/${name}_bg.wasm`;
  if (dev) renameSync(raw, `${made}/pkg/${name}.wasm`);
  else run('wasm-opt', [...WASM_OPT, raw, '--output', `${made}/pkg/${name}.wasm`]);
  rmSync(raw, { force: true });
  rmSync(slim);
  if (!dev) unite(`${made}/pkg`, name);
  writeFileSync(`${made}/stamp`, fingerprint(module));
}

// The scripts of one page in one file, without what only people read: 6 kB less, and three requests before it lives.
function unite(folder, name) {
  const script = `${folder}/${name}.js`;
  run('esbuild', [script, '--bundle', '--minify', '--format=esm', '--log-level=error', `--outfile=${script}`, '--allow-overwrite']);
  rmSync(`${folder}/snippets`, { recursive: true, force: true });
}

function style() {
  const form = dev ? ['--style=expanded', '--embed-source-map'] : ['--style=compressed', '--no-source-map'];
  return execFileSync('sass', ['--no-error-css', ...form, 'style/main.scss']);
}

function filesUnder(folder, prefix) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [join(prefix, path.slice(folder.length + 1)), readFileSync(path)]);
}

// The server prefers `name.br` and `name.gz` beside a file, for clients that take them.
function compress(files) {
  if (dev) return;
  for (const [name, content] of [...files]) {
    if (!/\.(css|html|js|json|svg|txt|wasm|webmanifest)$/.test(name)) continue;
    const known = unchanged(name, content);
    const hint = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    files.set(`${name}.br`, known?.br ?? brotliCompressSync(content, { params: hint }));
    files.set(`${name}.gz`, known?.gz ?? gzipSync(content, { level: 9 }));
  }
}

// The compressed forms that were published with this very content.
function unchanged(name, content) {
  const path = join(site, name);
  if (![path, `${path}.br`, `${path}.gz`].every((it) => existsSync(it)) || !readFileSync(path).equals(content)) return undefined;
  return { br: readFileSync(`${path}.br`), gz: readFileSync(`${path}.gz`) };
}

// Makes target/site hold exactly these files.
function publish(files) {
  for (const [name, content] of files) {
    const path = join(site, name);
    if (existsSync(path) && readFileSync(path).equals(content)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  for (const [name] of filesUnder(site, '')) {
    if (!files.has(name)) rmSync(join(site, name));
  }
}

function report() {
  const size = (name) => (files.has(name) ? `${(files.get(name).length / 1024).toFixed(1)} KiB` : '–');
  for (const name of [...files.keys()].filter((it) => /^pkg\/.*\.(wasm|js|css)$/.test(it)).sort()) {
    console.log(`  ${name.padEnd(26)} ${size(name).padStart(12)}   brotli ${size(`${name}.br`).padStart(10)}   gzip ${size(`${name}.gz`).padStart(10)}`);
  }
}
