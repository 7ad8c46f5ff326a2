/* Sliders without a kernel: show the frame of the position that the reader chooses.
 *
 * Each <figure class="static-interact"> carries its positions as JSON. Frames are fetched when a control is first
 * touched, not before. The position is kept in the URL's fragment, for instance #plot-losses:lr=0.1&momentum=0.9.
 */
(() => {
  "use strict";

  const SPEAK_AFTER_MS = 500; // a screen reader hears where the slider stopped, not each step on the way
  const KEEP_AFTER_MS = 250; // browsers refuse more than some hundred changes of the URL in half a minute
  const sliders = new Map();

  class Slider {
    constructor(figure) {
      this.figure = figure;
      this.data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
      this.frame = figure.querySelector(".static-interact-frame");
      this.status = figure.querySelector(".static-interact-status");
      this.caption = figure.querySelector(".static-interact-position");
      this.controls = this.data.controls.map((control) =>
        figure.querySelector(`[data-control="${CSS.escape(control.name)}"]`));
      this.images = null; // file name -> promise of a decoded image, once a control was touched
      this.start = this.choices().join();
      this.shown = this.position();

      const panel = figure.querySelector(".static-interact-controls");
      panel.hidden = false;
      for (const touch of ["pointerdown", "focusin", "keydown"]) {
        panel.addEventListener(touch, () => this.fetchFrames(), { passive: true });
      }
      // book themes turn the page on an arrow key, which belongs to the slider here
      panel.addEventListener("keydown", (event) => event.stopPropagation());
      this.button = figure.querySelector(".static-interact-button");
      panel.addEventListener("input", (event) => {
        if (event.target.dataset.end) this.push(event.target);
        this.moved();
      });
      if (this.button) this.button.addEventListener("click", () => this.show());
      for (const button of figure.querySelectorAll(".static-interact-play")) this.player(button);
    }

    choices() {
      return this.controls.map((control) => {
        if (control.type === "checkbox") return Number(control.checked);
        if (control.classList.contains("interval")) {
          const [low, high] = this.ends(control).map((end) => Number(end.value));
          const count = Number(this.ends(control)[0].max) + 1;
          return low * count - (low * (low - 1)) / 2 + high - low; // pairs in order, the first no greater
        }
        if (control.tagName === "FIELDSET") return Number(control.querySelector("input:checked").value);
        return Number(control.value);
      });
    }

    choose(index, choice) {
      const control = this.controls[index];
      if (control.type === "checkbox") control.checked = Boolean(choice);
      else if (control.classList.contains("interval")) {
        const [low, high] = this.ends(control);
        let place = 0;
        let left = choice;
        for (let pairs = Number(low.max) + 1; left >= pairs; pairs -= 1) {
          left -= pairs;
          place += 1;
        }
        low.value = place;
        high.value = place + left;
      } else if (control.tagName === "FIELDSET") control.querySelectorAll("input")[choice].checked = true;
      else control.value = choice;
    }

    ends(control) {
      return [...control.querySelectorAll("input")];
    }

    /* One end of an interval takes the other along when they meet. */
    push(moved) {
      const [low, high] = this.ends(moved.closest("fieldset"));
      if (Number(low.value) > Number(high.value)) (moved === low ? high : low).value = moved.value;
    }

    /* A button that steps a slider on: by itself, or by one step where the reader wants no motion. */
    player(button) {
      const range = button.parentElement.querySelector("input");
      const still = matchMedia("(prefers-reduced-motion: reduce)");
      let timer = 0;
      const named = () => {
        button.textContent = timer ? "Pause" : still.matches ? "Next" : "Play";
      };
      const stop = () => {
        clearTimeout(timer);
        timer = 0;
        named();
        this.keep();
      };
      const step = async (again) => {
        const last = Number(range.value) === Number(range.max);
        range.value = last ? 0 : Number(range.value) + 1;
        if (this.button) this.showLabels();
        else await this.show();
        if (!again || !timer) return;
        if (Number(range.value) === Number(range.max) && button.dataset.repeats !== "true") stop();
        else timer = setTimeout(step, Number(button.dataset.milliseconds), true);
      };
      button.addEventListener("click", () => {
        if (timer) stop();
        else if (still.matches) step(false).then(() => this.keep());
        else {
          timer = setTimeout(step, 0, true);
          named();
        }
      });
      range.addEventListener("input", () => { if (timer) stop(); });
      still.addEventListener("change", () => { if (timer) stop(); else named(); });
      named();
    }

    position() {
      return this.choices().reduce((sum, choice, i) => sum * this.data.controls[i].labels.length + choice, 0);
    }

    words() {
      return this.choices()
        .map((choice, i) => `${this.data.controls[i].label} = ${this.data.controls[i].labels[choice]}`)
        .join(", ");
    }

    fetchFrames() {
      if (this.images) return;
      this.images = new Map();
      const here = this.position();
      const nearestFirst = this.data.index.map((frame, position) => [Math.abs(position - here), frame])
        .sort((a, b) => a[0] - b[0]);
      for (const [, frame] of nearestFirst) {
        for (const part of this.data.frames[frame]) if (part.image) this.image(part.image);
      }
    }

    image(name) {
      if (!this.images.has(name)) {
        const image = new Image();
        image.src = this.data.folder + name;
        const ready = image.decode().then(() => image);
        ready.catch(() => this.images.delete(name)); // a later touch tries again
        this.images.set(name, ready);
      }
      return this.images.get(name);
    }

    showLabels() {
      this.choices().forEach((choice, i) => {
        const label = this.data.controls[i].labels[choice];
        const control = this.controls[i];
        if (control.type === "range") {
          control.setAttribute("aria-valuetext", label);
          control.nextElementSibling.textContent = label;
        } else if (control.classList.contains("interval")) {
          const { ends } = this.data.controls[i];
          for (const end of this.ends(control)) end.setAttribute("aria-valuetext", ends[end.value]);
          control.querySelector("output").textContent = label;
        }
      });
    }

    async show() {
      this.fetchFrames();
      const position = this.position();
      this.wanted = position;
      this.showLabels();
      const words = this.words();
      this.caption.textContent = `Shown for ${words}`;
      const parts = this.data.frames[this.data.index[position]];
      try {
        this.frame.setAttribute("aria-busy", "true");
        const elements = await Promise.all(parts.map((part) => this.element(part, words)));
        if (this.wanted !== position) return; // the reader has moved on meanwhile
        this.frame.replaceChildren(...elements);
        this.shown = position;
        this.frame.dataset.position = position;
        this.figure.classList.remove("static-interact-failed");
        // where formulas are set by the browser, those of this frame are set now
        if (window.MathJax?.typesetPromise) window.MathJax.typesetPromise([this.frame]);
        this.say(`${words}. ${elements.map((element) => element.alt ? "" : element.textContent).join(" ")}`);
      } catch {
        if (this.wanted !== position) return;
        this.figure.classList.add("static-interact-failed");
        this.status.textContent =
          `The figure for ${words} could not be loaded. Check the connection and move the control again.`;
      }
      this.frame.removeAttribute("aria-busy");
    }

    async element(part, words) {
      if (part.rich !== undefined) {
        const rich = document.createElement("div");
        rich.className = "static-interact-rich";
        rich.tabIndex = 0;
        rich.append(this.figure.querySelector(`template[data-rich="${part.rich}"]`).content.cloneNode(true));
        return rich;
      }
      if (part.text !== undefined) {
        const text = document.createElement("pre");
        text.tabIndex = 0;
        text.textContent = part.text;
        return text;
      }
      const image = (await this.image(part.image)).cloneNode();
      image.width = part.width;
      image.height = part.height;
      image.alt = `${this.data.alt} (${words})`;
      image.decoding = "sync"; // it is decoded already: show it within this frame
      return image;
    }

    say(words) {
      clearTimeout(this.speaking);
      this.speaking = setTimeout(() => { this.status.textContent = words.slice(0, 600); }, SPEAK_AFTER_MS);
    }

    moved() {
      if (this.button) this.showLabels();
      else this.show();
      this.keep();
    }

    keep() {
      clearTimeout(this.keeping);
      this.keeping = setTimeout(() => keepPositions(this), KEEP_AFTER_MS);
    }

    fragment() {
      if (this.choices().join() === this.start) return "";
      const values = this.choices().map((choice, i) => {
        const control = this.data.controls[i];
        return `${encodeURIComponent(control.name)}=${encodeURIComponent(control.labels[choice])}`;
      });
      return `${this.figure.id}:${values.join("&")}`;
    }

    restore(values) {
      for (const pair of values.split("&")) {
        const [name, label] = pair.split("=").map(decodeURIComponent);
        const index = this.data.controls.findIndex((control) => control.name === name);
        const choice = index < 0 ? -1 : this.data.controls[index].labels.indexOf(label);
        if (choice >= 0) this.choose(index, choice);
      }
      if (this.position() !== this.shown) this.show();
    }
  }

  /* The slider that moved last stands first, so that a copied link leads to it. */
  function keepPositions(last) {
    const others = [...sliders.values()].filter((slider) => slider !== last);
    const fragments = [last, ...others].map((slider) => slider.fragment()).filter(Boolean);
    const url = fragments.length ? `#${fragments.join(";")}` : location.pathname + location.search;
    history.replaceState(history.state, "", url);
  }

  function restorePositions() {
    let first = null;
    for (const fragment of location.hash.slice(1).split(";")) {
      const [, id, values] = /^([^:]+):(.*)$/.exec(fragment) || [];
      const slider = sliders.get(id);
      if (!slider) continue;
      try {
        slider.restore(values);
      } catch (error) {
        if (!(error instanceof URIError)) throw error; // a mangled link shows the default
      }
      first = first || slider;
    }
    if (first) first.figure.scrollIntoView({ block: "center" });
  }

  for (const figure of document.querySelectorAll("figure.static-interact")) {
    sliders.set(figure.id, new Slider(figure));
  }
  restorePositions();
  window.addEventListener("hashchange", restorePositions);
})();
