/* The theme takes the focus away from a button that was pressed, so that its tooltip goes. Whoever pressed it with a key
 * stays there: the next Tab goes on from it, and a dialog gives the focus back to it. */
for (const button of document.querySelectorAll(".sidebar-toggle, .theme-switch-button, .search-button")) {
  button.blur = () => {
    if (!button.matches(":focus-visible")) HTMLElement.prototype.blur.call(button);
  };
}

/* A block of code can be reached with the keyboard, since a long line makes it scroll. Where all of it is seen there is
 * nothing to scroll: the next Tab goes past it. On touch screens all stay, since blocks are laid out late there and the
 * theme, which asks for their width as well, takes each for one that fits. */
const blocks = document.querySelectorAll("pre.lines");
for (const code of blocks) Object.defineProperty(code, "tabIndex", { get: () => 0, set: () => {} });
if (matchMedia("(pointer: fine)").matches) {
  const fits = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
      else target.removeAttribute("tabindex");
    }
  });
  for (const code of blocks) fits.observe(code);
}
