/* Folded sections: a link into one opens it, and one button opens all of them. */
(() => {
  "use strict";

  const all = [...document.querySelectorAll("details.deeper")];
  const button = document.querySelector(".open-deeper");

  function reveal() {
    const target = document.querySelector(":target");
    if (!target) return;
    let opened = false;
    // an anchor stands around what it folds
    for (let each = target.querySelector(":scope > details.deeper") || target; each; each = each.parentElement) {
      if (each.matches("details:not([open])")) opened = each.open = true;
    }
    if (opened) target.scrollIntoView();
  }

  const rest = () => all.some((section) => !section.open);
  const say = () => { button.textContent = `${rest() ? "Open" : "Close"} all deeper sections`; };

  if (button) {
    button.addEventListener("click", () => {
      const open = rest();
      all.forEach((section) => { section.open = open; });
    });
    all.forEach((section) => { section.addEventListener("toggle", say); });
  }
  window.addEventListener("hashchange", reveal);
  // a link to where the page already is changes nothing
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href*='#']");
    if (link && link.href === location.href) reveal();
  });
  window.addEventListener("load", reveal); // :target is known when the page is there
})();
