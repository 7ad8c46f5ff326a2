/* Flashcards in Leitner's boxes, quizzes that mark and explain, and a finder for long lists.
 *
 * Progress stays in this browser (localStorage, one entry for the whole book) and is sent nowhere. Without storage
 * everything works until the page is left.
 */
(() => {
  "use strict";

  const BOX_DAYS = [0, 1, 3, 7, 21]; // a card of box n is due again after so many days
  const KINDS = { fact: "Facts", formula: "Formulas", contrast: "Contrasts", plot: "Plots" };

  const today = () => Math.floor((Date.now() - new Date().getTimezoneOffset() * 60000) / 86400000);
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  /* An element with attributes and children; a function among the attributes listens to that event. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  function shuffled(list) {
    const result = [...list];
    for (let i = result.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }

  /* ---- What the reader has done, kept on this device ---- */

  class Progress extends EventTarget {
    constructor(name) {
      super();
      this.name = name;
      this.data = nothing();
      this.kept = true;
      this.read();
      window.addEventListener("storage", (event) => {
        if (event.key === name || event.key === null) this.read();
        this.dispatchEvent(new Event("change"));
      });
    }

    read() {
      let text = null;
      try {
        text = localStorage.getItem(this.name);
      } catch {
        this.kept = false; // storage is forbidden: what is in memory stays
        return;
      }
      try {
        const found = JSON.parse(text) || {};
        this.data = Object.fromEntries(Object.entries(KEPT).map(([part, fits]) => [part, valid(found[part], fits)]));
      } catch {
        this.data = nothing(); // somebody else's entry, or a damaged one
      }
    }

    /* Read, change, write at once, so that two open pages do not undo each other. */
    change(edit) {
      if (this.kept) this.read();
      edit(this.data);
      try {
        localStorage.setItem(this.name, JSON.stringify(this.data));
        this.kept = true;
      } catch {
        this.kept = false;
      }
      this.dispatchEvent(new Event("change"));
    }

    clear() {
      const before = this.data;
      this.change((data) => Object.assign(data, nothing()));
      return () => this.change((data) => Object.assign(data, before));
    }

    /* The box of a card, 0 for one that was never answered. */
    box(card) { return this.data.cards[card]?.box || 0; }

    isMissed(card) { return Boolean(this.data.cards[card]?.missed); }

    isDue(card) {
      const state = this.data.cards[card];
      return !state || state.day + BOX_DAYS[state.box - 1] <= today();
    }

    answered(card, knew) {
      this.change(({ cards }) => {
        const box = knew ? Math.min(BOX_DAYS.length, (cards[card]?.box || 1) + 1) : 1;
        cards[card] = { box, day: today(), missed: !knew };
      });
    }
  }

  function valid(entries, fits) {
    return Object.fromEntries(Object.entries(Object(entries)).filter(([, entry]) => fits(entry)));
  }
  const isCard = (entry) => entry && BOX_DAYS[entry.box - 1] !== undefined && Number.isInteger(entry.day);
  const isMark = (entry) => ["first", "later", "shown"].includes(entry);
  const isCount = (entry) => entry && [entry.tried, entry.right].every((count) => Number.isInteger(count) && count >= 0);
  const isResult = (entry) => entry && [entry.points, entry.of].every(Number.isFinite) && typeof entry.exam === "string";
  // cards in their boxes, first marks in quizzes, tries with new numbers, the day on which a chapter was read to its
  // end, and results of mock exams by their time
  const KEPT = { cards: isCard, quiz: isMark, practice: isCount, read: Number.isInteger, exams: isResult };
  const nothing = () => Object.fromEntries(Object.keys(KEPT).map((part) => [part, {}]));

  const stores = new Map();
  function progressOf(root) {
    const name = root.dataset.store;
    if (!stores.has(name)) stores.set(name, new Progress(name));
    return stores.get(name);
  }

  /* "Your progress stays in this browser", with a button that clears it and takes that back. */
  function privacyLine(progress) {
    const words = make("span");
    const button = make("button", { type: "button", class: "study-quiet" });
    let undo = null;
    const show = () => {
      const kept = progress.kept
        ? "Your progress is kept in this browser and nowhere else."
        : "This browser keeps no data for this page: your progress is forgotten when you leave it.";
      words.textContent = undo ? "All your progress is cleared." : kept;
      button.textContent = undo ? "Undo" : "Clear all my progress";
    };
    button.addEventListener("click", () => {
      const restore = undo;
      undo = null;
      if (restore) restore();
      else undo = progress.clear();
      show();
    });
    progress.addEventListener("change", show);
    show();
    return make("p", { class: "study-privacy", role: "status" }, words, " ", button);
  }

  /* ---- A deck of cards ---- */

  class Deck {
    /* `content` gives the <article> of a card, or a promise of it; `ids` are the cards of the first round. */
    constructor(root, content, ids) {
      this.content = content;
      this.progress = progressOf(root);
      this.stage = make("div", { class: "deck-stage" });
      this.place = make("p", { class: "deck-place" });
      this.flipButton = this.button("Show the answer", () => this.flip(true), "study-main");
      this.back = this.button("‹ Back", () => this.move(-1));
      this.skip = this.button("Skip ›", () => this.move(1));
      this.missed = this.button("Not yet", () => this.answer(false), "study-missed");
      this.knew = this.button("I knew it", () => this.answer(true), "study-knew");
      const ask = make("div", { class: "deck-ask" }, this.back, this.flipButton, this.skip);
      const judge = make("div", { class: "deck-judge", hidden: true }, this.missed, this.knew);
      this.bars = [ask, judge];
      this.panel = make("div", { class: "deck-panel", role: "group", "aria-label": "Flashcards" },
        this.place, this.stage, ask, judge);
      this.panel.addEventListener("keydown", (event) => this.key(event));
      this.stage.addEventListener("click", (event) => {
        if (this.current && !event.target.closest("a, button") && !String(getSelection())) this.flip(!this.flipped);
      });
      root.append(this.panel);
      this.start(ids);
    }

    button(text, click, kind = "") {
      return make("button", { type: "button", class: `study-button ${kind}`.trim(), click }, text);
    }

    /* A round of the cards `ids`, which may be some of `all`. */
    start(ids, all = ids) {
      this.queue = [...ids];
      this.cards = new Set(all);
      this.results = new Map(); // the first answer to each card of this round
      this.at = 0;
      return this.show(false);
    }

    async show(focus) {
      const id = this.queue[this.at];
      this.flipped = false;
      this.current = null;
      if (id === undefined) {
        this.end(focus);
        return;
      }
      this.place.textContent = "Loading …";
      let card;
      try {
        card = await this.content(id);
      } catch {
        this.message("These cards could not be loaded. Check the connection and try again.",
          this.button("Try again", () => this.show(true)));
        return;
      }
      if (this.queue[this.at] !== id) return; // the reader has moved on meanwhile
      this.put(card);
      card.tabIndex = -1;
      const again = this.results.has(id) ? " (once more)" : "";
      card.setAttribute("aria-label", `Card ${this.at + 1} of ${this.queue.length}${again}`);
      for (const image of card.querySelectorAll("img")) image.loading = "eager";
      const box = this.progress.box(id);
      this.place.textContent = `Card ${this.at + 1} of ${this.queue.length}${again}` +
        (box ? ` · box ${box}` : " · new");
      this.flip(false, false);
      this.back.disabled = this.at === 0;
      if (focus) card.focus({ preventScroll: true });
    }

    /* All cards of the deck stay in the stage, for print; on the screen only the current one is seen. */
    put(element) {
      this.stage.querySelector(".deck-message")?.remove();
      for (const other of this.stage.querySelectorAll(".current")) other.classList.remove("current");
      if (element.parentElement !== this.stage) this.stage.append(element);
      element.classList.add("current");
      this.current = element.matches(".flashcard") ? element : null;
    }

    flip(over, focus = true) {
      if (!this.current) return; // it is being loaded
      this.flipped = over;
      const [ask, judge] = this.bars;
      ask.hidden = over;
      judge.hidden = !over;
      this.current.classList.toggle("flipped", over);
      const [front, back] = ["front", "back"].map((side) => this.current.querySelector(`.flashcard-${side}`));
      back.tabIndex = front.tabIndex = -1;
      if (focus) (over ? back : front).focus({ preventScroll: true });
    }

    move(step) {
      this.at = Math.max(0, this.at + step);
      this.show(true);
    }

    answer(knew) {
      const id = this.queue[this.at];
      if (!this.results.has(id)) { // a second try in the same round does not lift the card out of its box
        this.results.set(id, knew);
        this.progress.answered(id, knew);
      }
      if (!knew) this.queue.push(id);
      this.move(1);
    }

    end(focus) {
      const missed = [...this.results].filter(([, knew]) => !knew).map(([id]) => id);
      const knew = this.results.size - missed.length;
      if (!this.cards.size) {
        this.message("No card is left in this choice.");
        return;
      }
      const round = (ids) => this.start(ids, [...this.cards]).then(() => this.current?.focus({ preventScroll: true }));
      const again = this.button("All cards again", () => round([...this.cards]));
      const only = this.button("Only what I missed", () => round(missed));
      const words = this.results.size
        ? `The round is over: you knew ${knew} of ${plural(this.results.size, "card")} at once.`
        : "That was the last card.";
      const heading = this.message(words, again, ...(missed.length ? [only] : []));
      if (focus) heading.focus({ preventScroll: true });
    }

    message(words, ...buttons) {
      for (const bar of this.bars) bar.hidden = true;
      this.place.textContent = "";
      const text = make("p", { tabindex: "-1" }, words);
      this.put(make("div", { class: "deck-message" }, text, ...buttons));
      return text;
    }

    key(event) {
      const keys = { ArrowLeft: () => this.at > 0 && this.move(-1), ArrowRight: () => this.current && this.move(1) };
      if (this.current && this.flipped) {
        keys["1"] = () => this.answer(false);
        keys["2"] = () => this.answer(true);
      }
      if (event.key === " " && this.current && !event.target.closest("a, button")) {
        keys[" "] = () => this.flip(!this.flipped);
      }
      event.stopPropagation(); // book themes turn the page on an arrow key
      if (keys[event.key] && !event.altKey && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        keys[event.key]();
      }
    }
  }

  /* The cards of one chapter, which stand on the page already. */
  function chapterDeck(root) {
    const cards = new Map([...root.querySelectorAll(".flashcard")].map((card) => [card.dataset.card, card]));
    const deck = new Deck(root, (id) => cards.get(id), [...cards.keys()]);
    deck.stage.append(...cards.values());
    root.classList.add("live");
    root.append(privacyLine(deck.progress));
  }

  /* ---- The cards of the whole book, which are loaded chapter by chapter ---- */

  /* A function that loads the script of a chapter from a folder, once, and promises what `unpack` makes of it. */
  function loader(receiver, unpack) {
    const promises = new Map(); // by the chapter's slug
    const receivers = new Map();
    window.studyAids[receiver] = (slug, content) => receivers.get(slug)?.(content);
    return (folder, slug) => {
      if (!promises.has(slug)) {
        const loaded = new Promise((resolve, reject) => {
          receivers.set(slug, (content) => {
            const glyphs = make("div");
            glyphs.innerHTML = `<svg class="glyphs" width="0" height="0" aria-hidden="true"><defs>${content.glyphs}</defs></svg>`;
            document.body.append(glyphs.firstChild);
            resolve(unpack(content));
          });
          // once the content was received, a rejection changes nothing
          document.head.append(make("script", { src: `${folder}/${slug}.js`, error: reject, load: reject }));
        });
        loaded.catch(() => promises.delete(slug)); // a later one tries again
        promises.set(slug, loaded);
      }
      return promises.get(slug);
    };
  }

  function parsed(html) {
    const template = make("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  }

  window.studyAids = {};
  const loadChapter = loader("receive",
    ({ cards }) => new Map(Object.entries(cards).map(([id, html]) => [id, parsed(html)])));

  class Box {
    constructor(root) {
      const { folder, parts } = JSON.parse(root.querySelector("script[type='application/json']").textContent);
      this.parts = parts;
      this.progress = progressOf(root);
      this.home = new Map(); // card -> its chapter's slug
      this.kind = new Map();
      for (const part of parts) {
        for (const chapter of part.chapters) {
          for (const [id, kind] of chapter.cards) {
            this.home.set(id, chapter.slug);
            this.kind.set(id, kind);
          }
        }
      }
      this.content = async (id) => (await loadChapter(folder, this.home.get(id))).get(id);
      this.form = this.controls();
      this.boxes = make("ol", { class: "deck-boxes", "aria-label": "Leitner boxes" });
      root.append(this.form);
      root.classList.add("live");
      this.deck = new Deck(root, this.content, []);
      this.form.addEventListener("change", () => this.restart());
      this.progress.addEventListener("change", () => this.count());
      for (const touch of ["pointerdown", "focusin"]) {
        root.addEventListener(touch, () => this.fetchRound(), { passive: true });
      }
      // what stands below the card comes when the card has its height
      this.restart().then(() => root.append(this.boxes, privacyLine(this.progress)));
    }

    controls() {
      const option = (value, text) => make("option", { value }, text);
      const where = make("select", { name: "where" }, option("", "The whole book"));
      this.parts.forEach((part, number) => {
        where.append(make("optgroup", { label: part.title },
          option(`part ${number}`, `All of ${part.title}`),
          ...part.chapters.map((chapter) => option(chapter.slug, chapter.title))));
      });
      const kinds = Object.entries(KINDS).map(([kind, text]) => option(kind, text));
      const choice = (value, text) => make("label", { class: "study-pill" },
        make("input", { type: "radio", name: "which", value, checked: value === "all" }), make("span", {}, text));
      return make("form", { class: "deck-filter", autocomplete: "off", submit: (event) => event.preventDefault() },
        make("label", {}, make("span", {}, "From"), where),
        make("label", {}, make("span", {}, "Kind"), make("select", { name: "kind" }, option("", "All kinds"), ...kinds)),
        make("fieldset", {}, make("legend", {}, "Show me"),
          choice("all", "all"), choice("due", "what is due"), choice("missed", "what I missed")),
        make("label", { class: "deck-shuffle" },
          make("input", { type: "checkbox", name: "shuffle", checked: true }), make("span", {}, "Shuffle")));
    }

    /* The cards of the chosen chapters and kind. */
    scope() {
      const { where, kind } = this.form.elements;
      const [, part] = /^part (\d+)$/.exec(where.value) || [];
      const slugs = part === undefined
        ? new Set(where.value ? [where.value] : this.home.values())
        : new Set(this.parts[part].chapters.map((chapter) => chapter.slug));
      return [...this.home.keys()].filter((id) =>
        slugs.has(this.home.get(id)) && (!kind.value || this.kind.get(id) === kind.value));
    }

    wanted(which) {
      const tests = { all: () => true, due: (id) => this.progress.isDue(id), missed: (id) => this.progress.isMissed(id) };
      return this.scope().filter(tests[which]);
    }

    restart() {
      const cards = this.wanted(this.form.elements.which.value);
      this.fetched = false;
      this.count();
      for (const card of this.deck.stage.querySelectorAll(".flashcard")) {
        card.classList.remove("current");
        card.remove();
      }
      return this.deck.start(this.form.elements.shuffle.checked ? shuffled(cards) : cards);
    }

    count() {
      const texts = { all: "all", due: "what is due", missed: "what I missed" };
      for (const radio of this.form.elements.which) {
        radio.nextElementSibling.textContent = `${texts[radio.value]} (${this.wanted(radio.value).length})`;
      }
      const cards = this.scope();
      const sizes = BOX_DAYS.map((_, i) => cards.filter((id) => this.progress.box(id) === i + 1).length);
      const fresh = cards.length - sizes.reduce((sum, size) => sum + size, 0);
      const labels = BOX_DAYS.map((days) => days === 0 ? "again today" : days === 1 ? "again tomorrow" : `after ${days} days`);
      const tile = (name, size, when) => {
        const item = make("li", {}, make("b", {}, name), make("span", {}, plural(size, "card")), make("small", {}, when));
        item.style.setProperty("--share", cards.length ? size / cards.length : 0);
        return item;
      };
      this.boxes.replaceChildren(tile("New", fresh, "not yet answered"),
        ...sizes.map((size, i) => tile(`Box ${i + 1}`, size, labels[i])));
    }

    /* Once the reader turns to the cards, all of the round are fetched: paper gets them all. */
    fetchRound() {
      if (this.fetched) return;
      this.fetched = true;
      for (const id of this.deck.cards) {
        this.content(id).then((card) => {
          if (this.deck.cards.has(id) && !card.parentElement) this.deck.stage.append(card);
        }).catch(() => {}); // told when the card's turn comes
      }
    }
  }

  /* ---- A quiz ---- */

  /* The number in a reader's answer: 0.5, .5, 0,5, −3, 3e-4, 1/2, 50 %; NaN for anything else. */
  function readNumber(text) {
    const plain = text.trim().replace(/[−–]/g, "-").replace(/\s+/g, "").replace(/%$/, "");
    const number = (part) => {
      const point = /^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(part) ? part.replace(/,/g, "") : part.replace(",", ".");
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(point) ? Number(point) : NaN;
    };
    const [above, below, ...more] = plain.split("/");
    if (more.length) return NaN;
    return below === undefined ? number(above) : number(above) / number(below);
  }

  function isNear(value, entry) {
    const { answer, tolerance } = entry.dataset;
    // as written, 0.3 - 0.1 is not within 0.2: decimals have no exact binary form
    return Math.abs(value - Number(answer)) <= Number(tolerance) + 1e-9 * Math.max(1, Math.abs(answer));
  }

  class Question {
    /* `keep` is told how the reader came to the answer (first, later, shown); `last` says it of an earlier visit. */
    constructor(form, keep, last = () => undefined) {
      this.form = form;
      this.id = form.id;
      this.kind = form.dataset.kind;
      this.keep = keep;
      this.last = last;
      this.options = [...form.querySelectorAll(".quiz-option")];
      this.entry = form.querySelector(".quiz-entry");
      this.status = make("p", { class: "quiz-status", role: "status" });
      this.check = make("button", { type: "submit", class: "study-button study-main" }, "Check");
      this.reveal = make("button", { type: "button", class: "study-button", hidden: true, click: () => this.show() },
        "Show the answer");
      form.querySelector("[role=group]").append(make("div", { class: "quiz-buttons" }, this.check, this.reveal, this.status));
      form.addEventListener("submit", (event) => { event.preventDefault(); this.mark(); });
      form.addEventListener("keydown", (event) => event.stopPropagation()); // arrow keys choose, they turn no page
      this.restart();
    }

    inputs() { return [...this.form.querySelectorAll("input")]; }

    restart() {
      this.tries = 0;
      this.form.reset();
      for (const input of this.inputs()) input.disabled = false;
      for (const option of this.options) option.classList.remove("marked-right", "marked-wrong", "open");
      this.form.classList.remove("open", "solved");
      this.check.hidden = false;
      this.reveal.hidden = true;
      const said = { first: "Answered right at the first try.", later: "Answered right after some tries.",
        shown: "You had the answer shown." };
      const mark = this.last();
      this.say(mark ? `Last time: ${said[mark]}` : "", mark === "first" ? "good" : "");
    }

    say(words, mood = "") {
      this.status.textContent = words;
      this.status.dataset.mood = mood;
    }

    mark() {
      if (this.kind === "number") this.markNumber();
      else this.markOptions();
    }

    markNumber() {
      const value = readNumber(this.entry.querySelector("input").value);
      if (Number.isNaN(value)) {
        this.say("Write a number, such as 12, 0.5, 1/2 or 3e-4.");
        this.entry.querySelector("input").focus();
        return;
      }
      const off = value - Number(this.entry.dataset.answer);
      if (isNear(value, this.entry)) this.solved();
      else this.wrong(`${off > 0 ? "That is too large." : "That is too small."} Try again.`);
    }

    markOptions() {
      const chosen = this.options.filter((option) => option.querySelector("input").checked);
      if (!chosen.length) {
        this.say("Choose an answer first.");
        return;
      }
      const isRight = (option) => "right" in option.dataset;
      const wrong = chosen.filter((option) => !isRight(option));
      const missing = this.options.filter((option) => isRight(option) && !chosen.includes(option));
      for (const option of this.options) {
        option.classList.remove("marked-wrong", "marked-right");
        option.classList.toggle("open", wrong.includes(option));
      }
      if (!wrong.length && !missing.length) {
        this.solved();
        return;
      }
      for (const option of wrong) option.classList.add("marked-wrong");
      const parts = [];
      if (this.kind === "single") parts.push("Not this one.");
      else if (wrong.length) parts.push(`${wrong.length} of your ${chosen.length} choices ${wrong.length === 1 ? "is" : "are"} wrong.`);
      else parts.push("What you chose is right, but something is missing.");
      if (wrong.length && missing.length && this.kind === "multiple") parts.push("Something is missing, too.");
      this.wrong(`${parts.join(" ")} ${wrong.length ? "Read why, and try again." : "Try again."}`);
    }

    wrong(words) {
      this.tries += 1;
      this.reveal.hidden = false;
      this.say(words, "bad");
    }

    solved() {
      this.keep(this.tries ? "later" : "first");
      this.say(this.tries ? "Right." : "Right at the first try.", "good");
      this.explain();
    }

    show() {
      this.keep("shown");
      this.say("This is the answer.");
      this.explain();
      this.form.querySelector(".quiz-text").focus({ preventScroll: true });
    }

    explain() {
      const focused = this.form.contains(document.activeElement); // until what has the focus is disabled
      this.form.querySelector(".quiz-text").tabIndex = -1;
      for (const option of this.options) {
        option.classList.add("open");
        if ("right" in option.dataset) option.classList.add("marked-right");
      }
      for (const input of this.inputs()) input.disabled = true;
      this.form.classList.add("open", "solved");
      if (focused) this.form.querySelector(".quiz-text").focus({ preventScroll: true });
      this.check.hidden = true;
      this.reveal.hidden = true;
    }
  }

  function quiz(root) {
    const progress = progressOf(root);
    const score = make("p", { class: "quiz-score", role: "status" });
    const again = make("button", { type: "button", class: "study-button", hidden: true }, "Start the quiz again");
    const update = () => {
      const marks = questions.map((question) => progress.data.quiz[question.id]).filter(Boolean);
      const first = marks.filter((mark) => mark === "first").length;
      score.textContent = marks.length
        ? `${marks.length} of ${questions.length} answered, ${first} right at the first try.`
        : `${questions.length} questions.`;
      again.hidden = !marks.length;
    };
    const questions = [...root.querySelectorAll(".quiz-question")].map((form) => new Question(form, (mark) => {
      // the first answer counts until the reader starts the quiz again
      progress.change(({ quiz }) => { quiz[form.id] = quiz[form.id] || mark; });
      update();
    }, () => progress.data.quiz[form.id]));
    again.addEventListener("click", () => {
      progress.change((data) => { for (const question of questions) delete data.quiz[question.id]; });
      for (const question of questions) question.restart();
      questions[0].form.querySelector("input").focus();
    });
    progress.addEventListener("change", update);
    update();
    root.classList.add("live");
    root.append(make("div", { class: "quiz-foot" }, score, again), privacyLine(progress));
  }

  /* ---- A finder for long lists ---- */

  function finder(root) {
    const { finds, what } = root.dataset;
    const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
    const items = [...document.querySelectorAll(finds)].map((item) => {
      const group = [item];
      if (item.tagName === "DT") { // a term goes with its other names and its definition
        while (group.at(-1).tagName === "DT" && group.at(-1).nextElementSibling) group.push(group.at(-1).nextElementSibling);
      }
      return { item, group, text: plain(group.map((e) => `${e.textContent} ${e.dataset.words || ""}`).join(" ")) };
    });
    const count = make("p", { role: "status" });
    const field = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    const verdicts = [...new Set(items.map(({ item }) => item.querySelector(".verdict")?.textContent).filter(Boolean))];
    const verdict = make("select", {}, make("option", { value: "" }, "any"),
      ...verdicts.map((name) => make("option", { value: name }, name)));
    const find = () => {
      const words = plain(field.value).split(/\s+/).filter(Boolean);
      const shown = new Set();
      let found = 0;
      for (const { item, group, text } of items) {
        const fits = words.every((word) => text.includes(word)) &&
          (!verdict.value || item.querySelector(".verdict").textContent === verdict.value);
        found += fits;
        if (fits) for (const element of group) shown.add(element);
      }
      for (const { group } of items) for (const element of group) element.hidden = !shown.has(element);
      for (const body of document.querySelectorAll(".sheet tbody")) {
        body.hidden = !body.querySelector("tr.line:not([hidden])");
      }
      for (const section of document.querySelectorAll(".sheet-part, .sheet-part section")) {
        section.hidden = !section.querySelector("tr.line:not([hidden])");
      }
      count.textContent = found === items.length ? `${plural(found, what.slice(0, -1))}.` : `${found} of ${items.length} ${what}.`;
    };
    root.append(make("label", {}, make("span", {}, "Find"), field),
      ...(verdicts.length ? [make("label", {}, make("span", {}, "Verdict"), verdict)] : []), count);
    root.addEventListener("input", find);
    find();
    root.addEventListener("keydown", (event) => event.stopPropagation());
  }

  // for practice.js
  Object.assign(window.studyAids, { make, plural, parsed, loader, progressOf, privacyLine, Question, readNumber, isNear, today });

  for (const root of document.querySelectorAll(".deck:not(.deck-box)")) chapterDeck(root);
  for (const root of document.querySelectorAll(".deck-box")) new Box(root);
  for (const root of document.querySelectorAll("[data-quiz]")) quiz(root);
  for (const root of document.querySelectorAll(".sheet-finder")) finder(root);
})();
