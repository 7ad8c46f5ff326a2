/* Run the code of a page on the page, on a computer that Binder lends.
 *
 * Nothing happens before the button is pressed. Then Thebe is loaded from this site, Binder is asked for a Jupyter
 * server, and each cell gets an editor, buttons and a place for its live output, which stands in for the stored one.
 * A server is remembered in this browser, so that the next page need not wait for one.
 */
(() => {
  "use strict";

  const panel = document.querySelector(".live-code");
  if (!panel) return;
  if (!location.protocol.startsWith("http")) { // from disk, a browser lets no page ask Binder
    panel.remove();
    return;
  }

  const KEPT = `live-code ${panel.dataset.binder}`;
  const PHASES = {
    building: "Binder is building a computer for this book, which takes some minutes. The next one comes at once.",
    launching: "Binder has a computer and starts it.",
  };
  const start = panel.querySelector(".live-code-start");
  const restart = panel.querySelector(".live-code-restart");
  const status = panel.querySelector(".live-code-status");
  const elsewhere = panel.querySelector(".live-code-elsewhere");
  let cells = null; // made once, when the first computer is there
  let session = null;
  let refused = false;

  const say = (words) => { status.textContent = words; };

  function element(tag, attributes, ...children) {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  }

  /* ---- Getting a computer ---- */

  function load(asset) {
    return new Promise((resolve, reject) => {
      asset.onload = resolve;
      asset.onerror = () => {
        asset.remove();
        reject(new Error("This site's own files for live code could not be loaded."));
      };
      document.head.append(asset);
    });
  }

  async function loadThebe() {
    if (window.thebeCore) return;
    const folder = panel.dataset.thebe;
    await load(element("link", { rel: "stylesheet", href: `${folder}thebe-core.css` }));
    await load(element("script", { src: `${folder}thebe-core.min.js` }));
  }

  /* The server that an earlier page got, if it still answers. */
  async function keptServer() {
    const kept = JSON.parse(localStorage.getItem(KEPT));
    if (!kept) return null;
    const headers = { Authorization: `token ${kept.token}` };
    const alive = await fetch(`${kept.url}api/status`, { headers }).then((answer) => answer.ok, () => false);
    if (!alive) localStorage.removeItem(KEPT);
    return alive ? kept : null;
  }

  /* Ask Binder for a server; it tells how far it is as a stream of events. */
  function newServer() {
    return new Promise((resolve, reject) => {
      const events = new EventSource(panel.dataset.binder);
      const finish = (settle, value) => { events.close(); settle(value); };
      events.onerror = () => finish(reject, new Error("Binder cannot be reached."));
      events.onmessage = ({ data }) => {
        const { phase, message, url, token } = JSON.parse(data);
        if (phase === "failed") finish(reject, new Error(`Binder has no computer for this book: ${message}`));
        else if (phase === "ready") finish(resolve, { url, token });
        else if (PHASES[phase]) say(PHASES[phase]);
      };
    });
  }

  async function connect() {
    const server = (await keptServer()) || (await newServer());
    const { makeConfiguration, connectToJupyter, makeRenderMimeRegistry, setupNotebookFromBlocks } = thebeCore.api;
    // a name of its own: a server gives all that ask for the same notebook the same kernel, also another tab
    const path = panel.dataset.notebook.replace(/\.ipynb$/, `-${Date.now().toString(36)}.ipynb`);
    // Thebe would load MathJax from another host
    const mathjax = { mathjaxUrl: "", mathjaxConfig: "" };
    const configuration = makeConfiguration({
      ...mathjax,
      serverSettings: { baseUrl: server.url, token: server.token, appendToken: true },
      kernelOptions: { kernelName: "python3", path },
    });
    const rendermime = cells ? cells.notebook.rendermime : makeRenderMimeRegistry(mathjax);
    const running = connectToJupyter(configuration);
    await running.ready;
    session = await running.startNewSession(rendermime);
    // and RequireJS, before the first widget; the widgets of ipywidgets, which it holds itself, do not need that
    session.manager._loader = { requested: true, ready: Promise.resolve() };
    session.kernel.connectionStatusChanged.connect((_, state) => { if (state === "disconnected") lose(); });
    session.kernel.statusChanged.connect((_, state) => { if (state === "dead") lose(); });
    session.address = `${server.url}api/sessions/${session.id}?token=${server.token}`;
    localStorage.setItem(KEPT, JSON.stringify(server));
    if (!cells) cells = makeCells((blocks) => setupNotebookFromBlocks(blocks, configuration, rendermime));
    cells.notebook.attachSession(session);
  }

  async function begin() {
    if (start.getAttribute("aria-disabled")) return;
    start.setAttribute("aria-disabled", "true");
    elsewhere.hidden = true;
    refused = false;
    say("Asking Binder for a computer, this can take a minute.");
    try {
      await loadThebe();
      await connect();
      panel.classList.add("live-code-ready");
      restart.hidden = false;
      if (document.activeElement === start) restart.focus();
      start.hidden = true;
      say("Ready. Change and run any cell, with its button or with Shift and Enter.");
    } catch (error) {
      fail(refused
        ? "This site does not allow its pages to ask Binder (its Content-Security-Policy)."
        : error.message || String(error));
    }
    start.removeAttribute("aria-disabled");
  }

  function fail(words) {
    say(words);
    elsewhere.hidden = false;
  }

  function lose() {
    panel.classList.remove("live-code-ready");
    start.hidden = false;
    restart.hidden = true;
    session = null;
    for (const cell of cells.all) cell.stopped();
    fail("The connection to the computer is lost. Ask for another one: what you have written stays.");
  }

  /* ---- Cells ---- */

  class Cell {
    constructor(place, number) {
      this.place = place;
      this.name = `cell ${number}`;
      this.id = `live-code-${number}`;
      this.code = place.querySelector(".cell_input pre");
      this.stored = [...place.querySelectorAll(".cell_output")];
      this.output = element("div", { className: "cell_output live-code-output", hidden: true });
      this.button = element("button", { type: "button", textContent: "Run" });
      this.button.setAttribute("aria-label", `Run ${this.name}`);
      this.above = element("button", { type: "button", textContent: "Run all to here" });
      this.above.setAttribute("aria-label", `Run all to here: ${this.name}`);
      this.button.onclick = () => (this.running ? session.kernel.interrupt() : this.run());
      this.above.onclick = () => runTo(this);
      // below the code, also where that is folded
      place.querySelector(":scope > :is(.cell_input, .folded-code)").after(
        element("div", { className: "live-code-tools" }, this.button, this.above));
      place.append(this.output);
      new MutationObserver(() => this.describe()).observe(this.output, { childList: true, subtree: true });
      this.makeEditor();
    }

    /* An editor over the code: it shows its own text while it has the focus, and the colored one else. */
    makeEditor() {
      const { fontFamily, fontSize, lineHeight, padding } = getComputedStyle(this.code);
      const frame = element("div", { className: "live-code-editor" });
      this.editor = element("textarea", { value: this.code.textContent, spellcheck: false, autocapitalize: "off" });
      this.editor.setAttribute("aria-label", `Code of ${this.name}`);
      Object.assign(this.editor.style, { fontFamily, fontSize, lineHeight, padding });
      this.code.replaceWith(frame);
      frame.append(this.code, this.editor);
      this.editor.addEventListener("input", () => { this.code.textContent = `${this.editor.value}\n`; });
      this.editor.addEventListener("keydown", (event) => {
        event.stopPropagation(); // themes turn the page on an arrow key
        if (event.key !== "Enter") return;
        event.preventDefault();
        if (event.shiftKey || event.ctrlKey || event.metaKey) this.run();
        else document.execCommand("insertText", false, `\n${this.indentation()}`); // can be undone
      });
    }

    /* The blanks that the next line begins with. */
    indentation() {
      const line = this.editor.value.slice(0, this.editor.selectionStart).split("\n").pop();
      return /^ */.exec(line)[0] + (line.trimEnd().endsWith(":") ? "    " : "");
    }

    /* Name what ipywidgets and Jupyter leave without a name: the handles of sliders, and figures. */
    describe() {
      const stored = this.place.querySelector(".cell_output:not(.live-code-output) img");
      const position = stored?.closest(".static-interact") ? / \([^)]*\)$/ : "";
      for (const image of this.output.querySelectorAll("img:not([alt])")) {
        image.alt = stored ? stored.alt.replace(position, "") : `Figure of ${this.name}`;
      }
      for (const handle of this.output.querySelectorAll("[role=slider]:not([aria-label])")) {
        handle.setAttribute("aria-label", handle.closest(".jupyter-widgets").querySelector(".widget-label").textContent);
      }
    }

    /* Run the cell; true if it ended without an error. */
    async run() {
      if (!session || this.running) return false;
      this.running = true;
      this.button.textContent = "Stop";
      this.button.setAttribute("aria-label", `Stop ${this.name}`);
      this.show(true);
      say(`Running ${this.name}.`);
      const result = await this.live.execute(this.editor.value);
      this.stopped();
      if (!session) return false;
      if (!result) {
        say(`The kernel ended in ${this.name} and was started anew. Run the cells above again.`);
        return false;
      }
      const error = result.error?.[0];
      say(error ? `Error in ${this.name}: ${error.ename}.` : `Ran ${this.name}.`);
      return !error;
    }

    stopped() {
      this.running = false;
      this.button.textContent = "Run";
      this.button.setAttribute("aria-label", `Run ${this.name}`);
    }

    /* Show the live output, or the one that the page came with. */
    show(live) {
      this.output.hidden = !live;
      this.stored.forEach((output) => { output.hidden = live; });
    }
  }

  function makeCells(makeNotebook) {
    const places = [...document.querySelectorAll("div.cell:has(.cell_input pre)")];
    const all = places.map((place, index) => new Cell(place, index + 1));
    const notebook = makeNotebook(all.map(({ id, editor }) => ({ id, source: editor.value })));
    all.forEach((cell) => {
      cell.live = notebook.getCellById(cell.id);
      cell.live.attachToDOM(cell.output);
    });
    return { all, notebook };
  }

  async function runTo(last) {
    for (const cell of cells.all) {
      if (!(await cell.run()) || cell === last) return;
    }
  }

  async function beginAnew() {
    say("Restarting.");
    await session.restart();
    cells.all.forEach((cell) => {
      cell.live.clear();
      cell.show(false);
    });
    say("Ready. Nothing has run yet.");
  }

  document.addEventListener("securitypolicyviolation", (event) => {
    refused = refused || event.effectiveDirective === "connect-src";
  });
  // the next page has a kernel of its own, and Binder's computers are small
  window.addEventListener("pagehide", (event) => {
    if (session && !event.persisted) fetch(session.address, { method: "DELETE", keepalive: true });
  });
  start.addEventListener("click", begin);
  restart.addEventListener("click", beginAnew);
})();
