/* The theme takes the focus away from a button that was pressed, so that its tooltip goes. Whoever pressed it with a key
 * stays there: the next Tab goes on from it, and a dialog gives the focus back to it. */
for (const button of document.querySelectorAll(".sidebar-toggle, .theme-switch-button, .search-button")) {
  button.blur = () => {
    if (!button.matches(":focus-visible")) HTMLElement.prototype.blur.call(button);
  };
}

/* What scrolls can be reached with the keyboard, and the next Tab goes past what is seen whole. (The theme would ask each
 * block for its width at once, and so have all laid out that waits, folded or further down, for the reader to come; the
 * bundle leaves that out.) A block is asked when it has been laid out. On touch screens blocks of code are laid out late
 * and tell nobody: all stay reachable. */
const code = matchMedia("(pointer: fine)").matches ? "pre" : "pre:not(.lines)";
const scrolling = `${code}, .cell_output > .output, .jp-RenderedHTMLCommon, .pst-scrollable-table-container`;
const sized = new ResizeObserver((entries) => {
  const seen = entries.filter(({ contentRect }) => contentRect.width > 0).map(({ target }) => target);
  const scrolls = seen.map((e) => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight);
  for (const [i, element] of seen.entries()) {
    if (scrolls[i]) element.setAttribute("tabindex", "0");
    else element.removeAttribute("tabindex");
  }
});
const watch = (root) => {
  for (const element of root.querySelectorAll(scrolling)) sized.observe(element);
};
watch(document);
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE && node.parentNode) watch(node.parentNode);
  }
}).observe(document.getElementById("main-content") ?? document.body, { subtree: true, childList: true });
