((name) => {
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
    const module = await import('/pkg/' + name + '.js' + query);
    await module.default({ module_or_path: '/pkg/' + name + '.wasm' });
    return module;
  };
  const draw = (module) => {
    document.body.replaceChildren();
    module.mount();
  };
  const start = async () => {
    const module = await load('');
    if (!isAsMade()) {
      console.info('Something changed this page before it started. It is drawn anew.');
      draw(module);
      return;
    }
    try {
      module.hydrate();
    } catch (error) {
      console.warn('This page did not fit its script. It is drawn anew:', error);
      draw(await load('?again'));
    }
  };
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
    button.addEventListener('click', () => location.reload());
    note.append(text, button);
    document.body.prepend(note);
    for (const field of document.querySelectorAll('textarea:disabled')) field.placeholder = 'Not started';
  };
  const look = (error) => {
    if (error instanceof WebAssembly.RuntimeError) fail('This page has stopped because of an error. What you were writing is kept. Reload the page to go on.');
  };
  addEventListener('error', (event) => look(event.error));
  addEventListener('unhandledrejection', (event) => look(event.reason));
  start().catch((error) => {
    console.error(error);
    fail('This page could not start. Reload it to try again. If that does not help, a browser extension or a filter in the network may have changed it.');
  });
})
