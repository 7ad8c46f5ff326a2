// Reads one JSON request per line, {"tex": "...", "display": true}, and answers each with one line of JSON:
// {"svg": "...", "mathml": "..."} or {"error": "..."}. The first argument is MathJax's folder.
"use strict";
const readline = require("node:readline");
const mathjax = require(`${process.argv[2]}/node-main.js`);

const packages = ["base", "ams", "newcommand", "boldsymbol", "cases", "mathtools", "textmacros", "color", "cancel"];
mathjax.init({
  loader: {
    load: ["input/tex-base", "output/svg", ...packages.slice(1).map((name) => `[tex]/${name}`)],
    failed: (error) => { throw error; },
  },
  startup: { typeset: false },
  tex: { packages, formatError: (_, error) => { throw error; } },
  svg: { fontCache: "none", internalSpeechTitles: false },
}).then((MathJax) => {
  const adaptor = MathJax.startup.adaptor;
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const { tex, display } = JSON.parse(line);
    let answer;
    try {
      MathJax.texReset(); // else a \label is known from another page, or from the first of the two conversions
      const container = MathJax.tex2svg(tex, { display });
      MathJax.texReset();
      answer = { svg: adaptor.outerHTML(adaptor.firstChild(container)), mathml: MathJax.tex2mml(tex, { display }) };
    } catch (error) {
      answer = { error: String(error.message || error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
});
