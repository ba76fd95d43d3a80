// Texts that change, on a page that the browser translates. Chrome puts <font> elements in the place of text nodes; the
// page goes on changing the nodes that it made, which nobody sees any more. When one of them changes, it gets its place
// back, and the browser translates it again.

/** Text nodes that were taken out, with the element that stands in their place. */
const standIns = new WeakMap();
/** The other way round: one element may stand for several. */
const replaced = new WeakMap();

const isStandIn = (node) => node?.nodeName === 'FONT' && node.isConnected;

export function keepTextsCurrent() {
  const observer = new MutationObserver((records) => {
    for (const { type, target, addedNodes, removedNodes, previousSibling, nextSibling } of records) {
      if (type === 'characterData') {
        putBack(target);
        continue;
      }
      for (const text of removedNodes) {
        if (text.nodeType !== Node.TEXT_NODE || text.isConnected) continue;
        const standIn = [...addedNodes, previousSibling, nextSibling].find(isStandIn);
        if (!standIn) continue;
        standIns.set(text, standIn);
        replaced.set(standIn, [...(replaced.get(standIn) ?? []), text]);
        observer.observe(text, { characterData: true });
      }
    }
  });
  observer.observe(document.body, { childList: true, subtree: true });
}

function putBack(text) {
  const standIn = standIns.get(text);
  if (!isStandIn(standIn) || text.isConnected) return;
  standIn.replaceWith(...replaced.get(standIn).filter((it) => !it.isConnected));
}
