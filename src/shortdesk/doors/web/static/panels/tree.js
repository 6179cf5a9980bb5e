// @ts-check
/**
 * Walks a tree of causes that the server drew: the arrow keys, or the pointer, go from who was pushed to who pushed, and
 * the chain back to its root is lit. The words of each step come from the drawing itself.
 */

/** @param {HTMLElement} figure */
export function walkable(figure) {
  const nodes = /** @type {SVGElement[]} */ ([...figure.querySelectorAll("svg.wide .node")]);
  if (!nodes.length) return;
  const parents = nodes.map((node) => Number(node.dataset.parent));
  const children = nodes.map((_, at) => parents.flatMap((parent, child) => (parent === at ? [child] : [])));
  const drawings = [...figure.querySelectorAll("svg.chart")];
  const words = document.createElement("p");
  words.className = "chain-words";
  words.setAttribute("role", "status");
  words.dataset.testid = "tree-words";
  const idle = "Point at a node, or press an arrow key: ← who pushed, → who was pushed next, ↑ ↓ step by step.";
  words.textContent = idle;
  figure.querySelector("figcaption")?.after(words);
  figure.tabIndex = 0;
  figure.setAttribute("role", "group");
  figure.setAttribute("aria-label", "The tree of causes; arrow keys walk it, the steps are told below its heading");
  let here = -1;

  /** @param {number} at */
  const show = (at) => {
    here = at;
    /** @type {Set<number>} */
    const chain = new Set();
    for (let one = at; one >= 0; one = parents[one]) chain.add(one);
    for (const drawing of drawings) {
      drawing.classList.toggle("walked", at >= 0);
      for (const node of drawing.querySelectorAll(".node")) node.classList.toggle("chain", chain.has(Number(node.getAttribute("data-at"))));
      for (const edge of drawing.querySelectorAll(".edge")) edge.classList.toggle("chain", chain.has(Number(edge.getAttribute("data-to"))));
    }
    const depth = chain.size;
    words.textContent = at < 0 ? idle : `Step ${at + 1}, ${depth === 1 ? "set off by somebody free" : `${depth - 1} deep`}. ${nodes[at].querySelector("title")?.textContent ?? ""} ${children[at].length ? `It set off ${children[at].length} more.` : "It set off nobody."}`;
  };

  figure.addEventListener("keydown", (event) => {
    if (event.target !== figure) return;
    /** @type {Record<string, () => number>} */
    const ways = {
      ArrowLeft: () => (here < 0 ? 0 : parents[here] >= 0 ? parents[here] : here),
      ArrowRight: () => (here < 0 ? 0 : (children[here][0] ?? here)),
      ArrowUp: () => Math.max(0, here - 1),
      ArrowDown: () => Math.min(nodes.length - 1, here + 1),
      Home: () => 0,
      End: () => nodes.length - 1,
    };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    show(way());
  });
  figure.addEventListener("pointerover", (event) => {
    const at = /** @type {Element} */ (event.target).getAttribute?.("data-at");
    if (at !== null && at !== undefined) show(Number(at));
  });
}
