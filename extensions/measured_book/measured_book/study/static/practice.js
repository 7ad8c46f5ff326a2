/* Questions with new numbers, mock exams, and where the reader stands.
 *
 * An exam is told by its address: the same chapters, number of questions, minutes and seed give the same questions with
 * the same numbers. What is answered stays in this browser until the exam is handed in.
 */
(() => {
  "use strict";

  const { make, plural, parsed, loader, progressOf, privacyLine, Question, readNumber, isNear, today } =
    window.studyAids;

  const loadQuestions = loader("receiveQuestions", ({ questions }) => new Map(Object.entries(questions)));

  /* The form of a variant of a question (a promise); addresses in it are as from the folder of the scripts. */
  async function formOf(folder, slug, id, variant) {
    const variants = (await loadQuestions(folder, slug)).get(id);
    const form = parsed(variants[variant % variants.length]);
    const base = new URL(`${folder}/`, location.href);
    for (const link of form.querySelectorAll("a[href]")) link.href = new URL(link.getAttribute("href"), base).href;
    for (const image of form.querySelectorAll("img[src]")) image.src = new URL(image.getAttribute("src"), base).href;
    return form;
  }

  const button = (text, click, kind = "") =>
    make("button", { type: "button", class: `study-button ${kind}`.trim(), click }, text);

  const FAILED = "The questions could not be loaded. Check the connection and try again.";

  /* ---- Random choices that a number decides ---- */

  /* Mulberry32, a generator of 32 bits by Tommy Ettinger (2017): numbers in [0, 1). */
  function generator(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }

  const below = (count, next = Math.random) => Math.floor(next() * count);

  function shuffled(list, next) {
    const result = [...list];
    for (let i = result.length - 1; i > 0; i--) {
      const j = below(i + 1, next);
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }

  /* ---- A question whose numbers vary ---- */

  const counted = (progress, id) => (mark) => progress.change(({ practice }) => {
    const { tried = 0, right = 0 } = practice[id] || {};
    practice[id] = { tried: tried + 1, right: right + (mark === "first") };
  });

  /* The questions of one chapter, of which the first variants stand on the page. */
  function practice(root) {
    const progress = progressOf(root);
    const { folder, practice: slug } = root.dataset;
    for (const place of root.querySelectorAll(".practice-question")) {
      const id = place.dataset.template;
      const number = place.querySelector(".quiz-number").textContent;
      let variant = 0;
      const open = (form) => {
        place.replaceChildren(form);
        const question = new Question(form, counted(progress, id));
        question.check.after(button("New numbers", () => renew(question)));
      };
      const renew = async (question) => {
        try {
          const variants = (await loadQuestions(folder, slug)).get(id);
          variant = (variant + 1 + below(variants.length - 1)) % variants.length;
          const form = await formOf(folder, slug, id, variant);
          form.querySelector(".quiz-number").textContent = number;
          open(form);
          form.querySelector(".quiz-text").tabIndex = -1;
          form.querySelector(".quiz-text").focus({ preventScroll: true });
        } catch {
          question.say(FAILED);
        }
      };
      open(place.querySelector("form"));
    }
    root.classList.add("live");
  }

  /* ---- Which chapters ---- */

  class Contents {
    constructor(root) {
      const { folder, chapters } = JSON.parse(root.querySelector("script[type='application/json']").textContent);
      this.folder = folder;
      this.chapters = new Map(chapters.map((chapter) => [chapter.slug, chapter]));
      this.form = root.querySelector(".exam-plan");
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.parts = [...this.form.querySelectorAll("fieldset")].map((part) => {
        const [all, ...boxes] = part.querySelectorAll("input");
        all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; });
        const update = () => {
          const count = boxes.filter((box) => box.checked).length;
          all.checked = count === boxes.length;
          all.indeterminate = count > 0 && count < boxes.length;
        };
        for (const box of boxes) box.addEventListener("change", update);
        return { boxes, update };
      });
    }

    get chosen() {
      return this.parts.flatMap(({ boxes }) => boxes).filter((box) => box.checked).map((box) => box.value);
    }

    set chosen(slugs) {
      for (const { boxes, update } of this.parts) {
        for (const box of boxes) box.checked = slugs.includes(box.value);
        update();
      }
    }
  }

  /* ---- A mock exam ---- */

  const LIMITS = { questions: [1, 60, 10], minutes: [0, 300, 20], seed: [1, 999999, 1] };

  /* What the address asks for: chapters, questions, minutes and seed; null if it is no address of an exam. */
  function asked(contents) {
    const words = new URLSearchParams(location.hash.slice(1));
    if (!words.has("chapters")) return null;
    const names = words.get("chapters").split(",").filter(Boolean);
    const plan = { chapters: names.includes("all") ? [...contents.chapters.keys()] : names };
    for (const [name, [least, most, usual]] of Object.entries(LIMITS)) {
      const value = Number(words.get(name) ?? usual);
      plan[name] = Number.isFinite(value) ? Math.min(most, Math.max(least, Math.round(value))) : usual;
    }
    return plan;
  }

  function addressOf(plan, contents) {
    const all = plan.chapters.length === contents.chapters.size;
    const chapters = all ? "all" : plan.chapters.join(",");
    return `#chapters=${chapters}&questions=${plan.questions}&minutes=${plan.minutes}&seed=${plan.seed}`;
  }

  /* One of each list in turn, until all are empty. */
  function inTurn(lists) {
    const longest = Math.max(...lists.map((list) => list.length));
    return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
  }

  /* The questions of a plan, in a mixed order: from all its chapters alike and of all kinds, as far as they reach. */
  function drawn(plan, contents) {
    const next = generator(plan.seed);
    const pools = shuffled(plan.chapters, next).map((slug) => {
      const kinds = new Map(); // numbers that vary are a kind of their own
      for (const [id, kind, variants] of shuffled(contents.chapters.get(slug).questions, next)) {
        const name = variants > 1 ? "new numbers" : kind;
        kinds.set(name, [...(kinds.get(name) || []), { slug, id, variant: below(variants, next) }]);
      }
      return inTurn(shuffled([...kinds.values()], next));
    });
    return shuffled(inTurn(pools).slice(0, plan.questions), next);
  }

  /* The points for a form, from 0 to 1: of several right options each counts the same, and a wrong one undoes one. */
  function points(form) {
    const entry = form.querySelector(".quiz-entry");
    if (entry) {
      const value = readNumber(entry.querySelector("input").value);
      return isNear(value, entry) ? 1 : 0;
    }
    const options = [...form.querySelectorAll(".quiz-option")];
    const right = options.filter((option) => "right" in option.dataset);
    const chosen = options.filter((option) => option.querySelector("input").checked);
    const hits = chosen.filter((option) => right.includes(option)).length;
    return Math.max(0, hits - (chosen.length - hits)) / right.length;
  }

  const isAnswered = (form) => [...form.querySelectorAll("input")].some((input) =>
    (input.type === "text" ? input.value.trim() : input.checked));

  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const shown = (value) => String(Math.round(value * 100) / 100);

  class Exam {
    constructor(root) {
      this.root = root;
      this.contents = new Contents(root);
      this.progress = progressOf(root);
      this.status = make("p", { class: "quiz-status", role: "status" });
      const { form } = this.contents;
      form.append(this.status);
      form.addEventListener("submit", () => this.beginChosen());
      this.stage = make("div", { class: "exam-stage" });
      form.replaceWith(this.stage);
      root.append(this.stage, privacyLine(this.progress));
      root.classList.add("live");
      root.addEventListener("keydown", (event) => event.stopPropagation()); // arrow keys choose, they turn no page
      window.addEventListener("hashchange", () => this.open());
      this.open();
    }

    /* What a browser that forbids storage does not keep is lost with the page, and nothing else. */
    get draft() {
      try {
        return JSON.parse(sessionStorage.getItem(`${this.progress.name}/exam`));
      } catch {
        return null;
      }
    }

    set draft(value) {
      try {
        sessionStorage.setItem(`${this.progress.name}/exam`, JSON.stringify(value));
      } catch { /* told by the line on privacy */ }
    }

    async open() {
      clearInterval(this.ticking);
      const plan = asked(this.contents);
      const unknown = plan?.chapters.filter((slug) => !this.contents.chapters.has(slug)) || [];
      if (unknown.length || (plan && !plan.chapters.length)) {
        this.setUp(null, `The address asks for ${unknown.join(", ") || "no chapter"}: there is no such chapter. Choose here.`);
        return;
      }
      const draft = this.draft;
      if (draft && (!plan || draft.address === addressOf(plan, this.contents))) {
        history.replaceState(null, "", draft.address);
        await this.begin(asked(this.contents), draft);
      } else this.setUp(plan);
    }

    setUp(plan, words = "") {
      const { form } = this.contents;
      if (plan) {
        this.contents.chosen = plan.chapters;
        for (const name of Object.keys(LIMITS)) form.elements[name].value = plan[name];
      } else {
        this.contents.chosen = [...this.contents.chapters.keys()]; // browsers keep what was chosen before
        form.elements.seed.value = 1 + below(LIMITS.seed[1]);
      }
      this.status.textContent = words;
      this.stage.replaceChildren(form, this.results());
    }

    beginChosen() {
      const { form, chosen } = this.contents;
      if (!chosen.length) {
        this.status.textContent = "Choose at least one chapter.";
        return;
      }
      const values = Object.fromEntries(Object.keys(LIMITS).map((name) => [name, Number(form.elements[name].value)]));
      history.replaceState(null, "", addressOf({ chapters: chosen, ...values }, this.contents));
      this.begin(asked(this.contents));
    }

    /* Earlier results, newest first, each with its exam. */
    results() {
      const entries = Object.entries(this.progress.data.exams).sort(([a], [b]) => b.localeCompare(a)).slice(0, 10);
      if (!entries.length) return "";
      return make("details", { class: "exam-results" }, make("summary", {}, `Your last ${plural(entries.length, "result")}`),
        make("ul", {}, ...entries.map(([time, result]) => make("li", {},
          make("a", { href: result.exam }, `${shown(result.points)} of ${plural(result.of, "point")}`),
          ` on ${new Date(time).toLocaleDateString("en", { dateStyle: "medium" })}`))));
    }

    async begin(plan, draft = null) {
      const questions = drawn(plan, this.contents);
      const address = addressOf(plan, this.contents);
      let forms;
      this.stage.replaceChildren(make("p", { role: "status" }, "Loading …"));
      try {
        forms = await Promise.all(questions.map(({ slug, id, variant }) => formOf(this.contents.folder, slug, id, variant)));
      } catch {
        this.stage.replaceChildren(make("p", { role: "status" }, FAILED), button("Try again", () => this.begin(plan, draft)));
        return;
      }
      const ends = draft ? draft.ends : plan.minutes ? Date.now() + plan.minutes * 60000 : 0;
      this.running = { plan, questions, forms, address, ends };
      forms.forEach((form, i) => {
        form.querySelector(".quiz-number").textContent = i + 1;
        form.addEventListener("submit", (event) => event.preventDefault());
        restore(form, draft?.answers[i]);
      });
      this.time = make("span", { class: "exam-time", role: "timer" });
      this.count = make("span", {});
      this.said = make("p", { class: "quiz-status", role: "status" });
      const few = questions.length < plan.questions
        ? make("p", {}, `These chapters have ${plural(questions.length, "question")}; all of them are here.`) : "";
      const list = make("div", { class: "exam-questions" }, ...forms);
      list.addEventListener("input", () => this.note());
      this.stage.replaceChildren(
        make("div", { class: "exam-bar" }, this.time, this.count, button("Hand in", () => this.ask(), "study-main")),
        few, list, this.said, make("div", { class: "quiz-buttons" }, button("Hand in", () => this.ask(), "study-main"),
          button("Give up", () => this.leave())));
      this.note();
      this.ticking = setInterval(() => this.tick(), 1000);
      this.tick();
      if (!draft) this.stage.scrollIntoView({ block: "start" });
    }

    note() {
      const { forms, address, ends } = this.running;
      const answered = forms.filter(isAnswered).length;
      this.count.textContent = `${answered} of ${plural(forms.length, "question")} answered`;
      this.draft = { address, ends, answers: forms.map(answerOf) };
    }

    tick() {
      const { ends } = this.running;
      if (!ends) {
        this.time.textContent = "no limit of time";
        return;
      }
      const left = Math.ceil((ends - Date.now()) / 1000);
      this.time.textContent = `${clock(Math.max(0, left))} left`;
      this.time.classList.toggle("short", left <= 60);
      if (left === 300 || left === 60) this.said.textContent = `${plural(left / 60, "minute")} left.`;
      if (left <= 0) this.handIn("The time is over.");
    }

    ask() {
      const open = this.running.forms.filter((form) => !isAnswered(form));
      const unreadable = this.running.forms.filter((form) => {
        const field = form.querySelector(".quiz-entry input");
        return field?.value.trim() && Number.isNaN(readNumber(field.value));
      });
      if (unreadable.length) {
        this.say("An answer is no number. Write one such as 12, 0.5, 1/2 or 3e-4.", unreadable[0]);
      } else if (open.length && !this.warned) {
        this.warned = true;
        this.say(`${plural(open.length, "question")} ${open.length === 1 ? "has" : "have"} no answer. ` +
          "Hand in once more if you mean it.", open[0]);
      } else this.handIn();
    }

    say(words, form) {
      this.said.textContent = words;
      form.querySelector("input").focus();
      form.scrollIntoView({ block: "center" });
    }

    leave() {
      this.draft = null;
      this.warned = false;
      clearInterval(this.ticking);
      this.setUp(this.running.plan);
    }

    handIn(words = "") {
      clearInterval(this.ticking);
      this.warned = false;
      this.draft = null;
      const { plan, questions, forms, address } = this.running;
      const got = forms.map(points);
      const sum = got.reduce((total, share) => total + share, 0);
      this.progress.change(({ exams }) => {
        exams[new Date().toISOString()] = { points: sum, of: forms.length, exam: address };
        for (const old of Object.keys(exams).sort().slice(0, -30)) delete exams[old];
      });
      const heading = make("p", { class: "exam-sum", tabindex: "-1" },
        words && `${words} `, make("b", {}, `${shown(sum)} of ${plural(forms.length, "point")}`),
        ` (${Math.round(100 * sum / forms.length)} %)`);
      const rows = [...this.contents.chapters.values()].filter(({ slug }) => plan.chapters.includes(slug))
        .map((chapter) => this.row(chapter, questions, forms, got)).filter(Boolean);
      const table = make("table", { class: "exam-points" },
        make("thead", {}, make("tr", {}, ...["Chapter", "Points", "To read again"].map((name) => make("th", { scope: "col" }, name)))),
        make("tbody", {}, ...rows));
      for (const [i, form] of forms.entries()) revealed(form, got[i]);
      const again = (seed) => {
        history.replaceState(null, "", addressOf({ ...plan, seed }, this.contents));
        this.begin({ ...plan, seed });
      };
      this.stage.replaceChildren(heading, table,
        make("p", {}, "The same exam for others: ", make("a", { href: address }, new URL(address, location.href).href)),
        make("div", { class: "quiz-buttons" },
          button("Another exam like this", () => again(1 + below(LIMITS.seed[1])), "study-main"),
          button("The same once more", () => again(plan.seed)),
          button("Choose anew", () => this.setUp(plan))),
        make("div", { class: "exam-questions marked" }, ...forms));
      heading.focus({ preventScroll: true });
      heading.scrollIntoView({ block: "center" });
    }

    /* The points in a chapter, and the sections of the questions that cost some. */
    row(chapter, questions, forms, got) {
      const here = questions.map(({ slug }, i) => (slug === chapter.slug ? i : -1)).filter((i) => i >= 0);
      if (!here.length) return null;
      const sections = new Map(here.filter((i) => got[i] < 1).map((i) => forms[i].querySelector(".quiz-see a"))
        .filter(Boolean).map((link) => [link.href, link.textContent]));
      const links = [...sections].flatMap(([href, text], i) => [i ? ", " : "", make("a", { href }, text)]);
      const sum = here.reduce((total, i) => total + got[i], 0);
      return make("tr", {}, make("th", { scope: "row" }, chapter.title), make("td", {}, `${shown(sum)} of ${here.length}`),
        make("td", {}, ...(links.length ? links : ["nothing"])));
    }
  }

  const answerOf = (form) => [...form.querySelectorAll("input")].map((input) =>
    (input.type === "text" ? input.value : input.checked));

  function restore(form, answers = []) {
    [...form.querySelectorAll("input")].forEach((input, i) => {
      if (input.type === "text") input.value = answers[i] ?? "";
      else input.checked = answers[i] === true;
    });
  }

  /* A question that is marked: its points, what was right, and why. */
  function revealed(form, share) {
    for (const option of form.querySelectorAll(".quiz-option")) {
      const right = "right" in option.dataset;
      option.classList.add("open");
      option.classList.toggle("marked-right", right);
      option.classList.toggle("marked-wrong", !right && option.querySelector("input").checked);
    }
    for (const input of form.querySelectorAll("input")) input.disabled = true;
    form.classList.add("open", "solved");
    form.querySelector("[role=group]").append(make("p", { class: "quiz-status" }, `${shown(share)} of 1 point`));
    form.querySelector(".quiz-status").dataset.mood = share === 1 ? "good" : "bad";
  }

  /* ---- Practice over chapters: one question after another ---- */

  function drill(root) {
    const contents = new Contents(root);
    const progress = progressOf(root);
    const place = make("div", { class: "drill-place" });
    const words = make("p", { class: "quiz-status", role: "status" });
    let before = "";
    const next = async () => {
      const all = contents.chosen.flatMap((slug) => contents.chapters.get(slug).questions
        .filter(([, , variants]) => variants > 1).map(([id, , variants]) => ({ slug, id, variants })));
      const pool = all.length > 1 ? all.filter(({ id }) => id !== before) : all;
      if (!pool.length) {
        words.textContent = "Choose a chapter that has such questions.";
        place.replaceChildren();
        return;
      }
      const { slug, id, variants } = pool[below(pool.length)];
      try {
        const form = await formOf(contents.folder, slug, id, below(variants));
        before = id;
        form.querySelector(".quiz-number").textContent = "?";
        place.replaceChildren(form);
        new Question(form, counted(progress, id));
        form.querySelector(".quiz-text").tabIndex = -1;
        form.querySelector(".quiz-text").focus({ preventScroll: true });
        words.textContent = "";
        ask.textContent = "Next question";
      } catch {
        words.textContent = FAILED;
      }
    };
    const ask = button("Ask me", next, "study-main");
    contents.chosen = [...contents.chapters.keys()]; // browsers keep what was chosen before
    root.append(place, make("div", { class: "quiz-buttons" }, ask, words));
    root.classList.add("live");
    root.addEventListener("keydown", (event) => event.stopPropagation());
  }

  /* ---- Where the reader stands ---- */

  function standing(root) {
    const progress = progressOf(root);
    const chapters = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const table = make("table", { class: "standing-table" });
    const slugs = chapters.map(({ slug }) => slug).sort((a, b) => b.length - a.length);
    const home = (id) => slugs.find((slug) => id.startsWith(`${slug}-`));
    const show = () => {
      const { cards, quiz, read } = progress.data;
      const rows = chapters.map(({ slug, title, href, questions }) => {
        const marks = Object.keys(quiz).filter((id) => home(id) === slug);
        const first = Math.min(questions, marks.filter((id) => quiz[id] === "first").length);
        const known = Object.keys(cards).filter((id) => home(id) === slug);
        const due = known.filter((id) => progress.isDue(id)).length;
        if (!read[slug] && !marks.length && !known.length) return null;
        return make("tr", {}, make("th", { scope: "row" }, make("a", { href }, title)),
          make("td", {}, read[slug] ? "yes" : "not yet"),
          make("td", {}, marks.length ? `${first} of ${questions}` : "not yet"),
          make("td", {}, known.length ? (due ? make("a", { href: root.dataset.cards }, `${due} due`) : "none due") : "not yet"));
      }).filter(Boolean);
      if (rows.length) root.hidden = false; // and stays, so that clearing can be undone
      table.replaceChildren(
        make("thead", {}, make("tr", {}, ...["Chapter", "Read to its end", "Quiz, right at once", "Cards"]
          .map((name) => make("th", { scope: "col" }, name)))),
        make("tbody", {}, ...rows));
    };
    progress.addEventListener("change", show);
    root.append(table, privacyLine(progress));
    root.classList.add("live");
    show();
  }

  /* A chapter is read when its end was on the screen; the contents show it with a mark. */
  function reading() {
    const store = document.querySelector("[data-read]");
    if (!store) return;
    const progress = progressOf(store);
    const mark = () => {
      for (const link of document.querySelectorAll(".bd-sidebar-primary a.reference.internal")) {
        const slug = new URL(link.href, location.href).pathname.split("/").at(-1).replace(/\.html$/, "");
        const isRead = Boolean(progress.data.read[slug]) && link.href.includes(`/${store.dataset.read}/`);
        link.classList.toggle("was-read", isRead);
        if (isRead && !link.querySelector(".was-read-word")) {
          link.append(make("span", { class: "was-read-word" }, " (read)"));
        } else if (!isRead) link.querySelector(".was-read-word")?.remove();
      }
    };
    progress.addEventListener("change", mark);
    mark();
    const { slug } = store.dataset;
    if (!slug) return;
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      if (!progress.data.read[slug]) progress.change(({ read }) => { read[slug] = today(); });
    });
    seen.observe(store);
  }

  for (const root of document.querySelectorAll("[data-practice]")) practice(root);
  for (const root of document.querySelectorAll(".drill")) drill(root);
  for (const root of document.querySelectorAll(".exam")) new Exam(root);
  for (const root of document.querySelectorAll(".standing")) standing(root);
  reading();
})();
