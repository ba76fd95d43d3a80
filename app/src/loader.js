((script, wasm) => {
  const EARLY = 'hubbub early text ' + location.pathname;
  const RELOADED = 'hubbub reloaded';
  const stored = (act) => {
    try {
      return act(sessionStorage);
    } catch {
      return undefined;
    }
  };
  const composer = () => document.getElementById('composer');
  const typed = () => composer()?.value ?? '';
  const isAlive = () => document.documentElement.hasAttribute('data-hydrated');
  const reload = () => {
    if (!isAlive()) stored((all) => all.setItem(EARLY, typed()));
    location.reload();
  };
  const restore = () => {
    const text = stored((all) => all.getItem(EARLY));
    stored((all) => all.removeItem(EARLY));
    if (text && composer() && !typed()) composer().value = text;
  };
  const isAsMade = () => {
    const made = document.body.dataset.nodes;
    if (!made) return true;
    const counts = { 1: 0, 8: 0, 3: 0 };
    let letters = 0;
    const walk = (node) => {
      counts[node.nodeType] += 1;
      if (node.nodeType === 3) letters += node.data.length;
      node.childNodes.forEach(walk);
    };
    const roots = Number(made.split(' ')[0]);
    [...document.body.childNodes].slice(0, roots).forEach(walk);
    return made === [roots, counts[1], counts[8], counts[3], letters].join(' ');
  };
  const load = async (query) => {
    const module = await import(script + query);
    await module.default({ module_or_path: wasm });
    return module;
  };
  const draw = (module) => {
    const text = typed();
    const isFocused = document.activeElement === composer();
    document.body.replaceChildren();
    module.mount(text);
    if (isFocused) composer()?.focus();
  };
  const start = async () => {
    restore();
    const module = await load('');
    stored((all) => all.removeItem(RELOADED));
    if (!isAsMade()) {
      console.info('Something changed this page before it started. It is drawn anew.');
      draw(module);
      return;
    }
    try {
      module.hydrate(typed());
    } catch (error) {
      console.warn('This page did not fit its script. It is drawn anew:', error);
      draw(await load('?again'));
    }
  };
  const isGone = async () => {
    const answers = await Promise.all([script, wasm].map((file) => fetch(file, { method: 'HEAD', cache: 'no-store' })));
    return answers.some(({ status }) => status === 404);
  };
  const isFirstReload = () => stored((all) => {
    if (all.getItem(RELOADED)) return false;
    all.setItem(RELOADED, 'once');
    return true;
  });
  const fail = (words) => {
    if (document.getElementById('failure')) return;
    const note = document.createElement('div');
    note.id = 'failure';
    note.className = 'page_notice';
    note.setAttribute('role', 'alert');
    const text = document.createElement('p');
    text.textContent = words;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button';
    button.textContent = 'Reload';
    button.addEventListener('click', reload);
    note.append(text, button);
    document.body.prepend(note);
  };
  const look = (error) => {
    if (error instanceof WebAssembly.RuntimeError) fail('This page has stopped because of an error. What you were writing is kept. Reload the page to go on.');
  };
  addEventListener('error', (event) => look(event.error));
  addEventListener('unhandledrejection', (event) => look(event.reason));
  start().catch(async (error) => {
    console.error(error);
    if ((await isGone().catch(() => false)) && isFirstReload()) return reload();
    fail('This page could not start. Reload it to try again. If that does not help, a browser extension or a filter in the network may have changed it.');
  });
})
