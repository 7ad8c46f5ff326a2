/* The theme takes the focus away from a button that was pressed, so that its tooltip goes. Whoever pressed it with a key
 * stays there: the next Tab goes on from it, and a dialog gives the focus back to it. */
for (const button of document.querySelectorAll(".sidebar-toggle, .theme-switch-button, .search-button")) {
  button.blur = () => {
    if (!button.matches(":focus-visible")) HTMLElement.prototype.blur.call(button);
  };
}
