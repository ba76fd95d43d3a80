// Empties functions of a WebAssembly module that are linked but never called, so that what only they need goes too.
//
// The linker keeps whatever a table or an export names. Leptos 0.8 fills a table entry for hydrating each view lazily,
// which only lazy routes do (leptos-rs/leptos#4852), and server_fn brings wasm-streams, whose classes are exported. An
// emptied function traps when it is called after all.
//
// The binary format: https://webassembly.github.io/spec/core/binary/modules.html

const CUSTOM = 0;
const IMPORT = 2;
const CODE = 10;
/** No locals, `unreachable`, `end`. */
const TRAP = [0x00, 0x00, 0x0b];

/** The module without the bodies of the functions whose (mangled) name `isUncalled` says yes to. */
export function dropFunctions(module, isUncalled) {
  const sections = [...sectionsOf(module)];
  const imported = importedFunctions(module, sections.find((it) => it.id === IMPORT));
  const names = functionNames(module, sections);
  let dropped = 0;
  const parts = [module.subarray(0, 8)];
  for (const section of sections) {
    let body = module.subarray(section.start, section.end);
    if (section.id === CODE) {
      const functions = [...bodiesOf(module, section)].map((code, index) => {
        if (!isUncalled(names.get(imported + index) ?? '')) return code;
        dropped += 1;
        return Uint8Array.from(TRAP);
      });
      body = Buffer.concat([leb128(functions.length), ...functions.flatMap((code) => [leb128(code.length), code])]);
    }
    parts.push(Uint8Array.of(section.id), leb128(body.length), body);
  }
  return { module: Buffer.concat(parts), dropped };
}

function* sectionsOf(module) {
  for (let at = 8; at < module.length; ) {
    const id = module[at];
    const [size, start] = read(module, at + 1);
    yield { id, start, end: start + size };
    at = start + size;
  }
}

function* bodiesOf(module, { start }) {
  let [left, at] = read(module, start);
  for (; left > 0; left -= 1) {
    const [size, body] = read(module, at);
    yield module.subarray(body, body + size);
    at = body + size;
  }
}

function importedFunctions(module, section) {
  if (!section) return 0;
  let [left, at] = read(module, section.start);
  let functions = 0;
  const skip = () => ([, at] = read(module, at));
  const skipName = () => {
    const [size, text] = read(module, at);
    at = text + size;
  };
  const skipLimits = () => {
    const hasMaximum = module[at] & 1;
    at += 1;
    skip();
    if (hasMaximum) skip();
  };
  for (; left > 0; left -= 1) {
    skipName();
    skipName();
    const kind = module[at];
    at += 1;
    if (kind === 0) {
      functions += 1;
      skip();
    } else if (kind === 1) {
      at += 1;
      skipLimits();
    } else if (kind === 2) {
      skipLimits();
    } else {
      at += 2;
    }
  }
  return functions;
}

function functionNames(module, sections) {
  const names = new Map();
  for (const { id, start, end } of sections) {
    if (id !== CUSTOM) continue;
    const [title, after] = text(module, start);
    if (title !== 'name') continue;
    for (let at = after; at < end; ) {
      const kind = module[at];
      const [size, body] = read(module, at + 1);
      if (kind === 1) {
        let [left, entry] = read(module, body);
        for (; left > 0; left -= 1) {
          const [index, name] = read(module, entry);
          const [words, next] = text(module, name);
          names.set(index, words);
          entry = next;
        }
      }
      at = body + size;
    }
  }
  return names;
}

/** An unsigned number in LEB128, and where it ends. */
function read(module, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = module[at];
    at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

function text(module, at) {
  const [size, start] = read(module, at);
  return [Buffer.from(module.subarray(start, start + size)).toString(), start + size];
}

function leb128(value) {
  const bytes = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value > 0);
  return Uint8Array.from(bytes);
}
