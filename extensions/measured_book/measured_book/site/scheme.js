// Settles the color scheme before the page is drawn; loaded ahead of everything else.
(() => {
  const mode = localStorage.getItem("mode") || "auto";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.mode = mode;
  document.documentElement.dataset.theme = mode === "auto" ? (dark ? "dark" : "light") : mode;
  let scheme; // of the screen; paper is light
  addEventListener("beforeprint", () => {
    scheme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
  });
  addEventListener("afterprint", () => { document.documentElement.dataset.theme = scheme; });
})();
