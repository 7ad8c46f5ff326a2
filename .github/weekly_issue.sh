#!/usr/bin/env bash
# Keep one issue open for as long as the weekly runs fail: open it, comment on it, close it.
# NEWEST, COLAB, TOOLS, MATRIX and LINKS are the results of the jobs, LOG is the address of the run; gh needs GH_TOKEN and GH_REPO.
set -euo pipefail

failed=()
[ "$NEWEST" = success ] || failed+=("- **newest releases** ($NEWEST), which \`make test-newest\` repeats")
[ "$COLAB" = success ] || failed+=("- **Colab** ($COLAB), in its runtime's image of the day")
[ "$TOOLS" = success ] || failed+=("- **newest tools** ($TOOLS), which \`make test-tools\` repeats; docs/architecture.md has the table of upgrades")
[ "$MATRIX" = success ] || failed+=("- **every test and other computers** ($MATRIX), which \`EVERY=1 .ci/run\` repeats")
[ "$LINKS" = success ] || failed+=("- **external links** ($LINKS), which \`make links\` repeats")
# only the workflow's own issue: one that a person labelled is left alone
issue=$(gh issue list --app github-actions --label weekly --state open --limit 1 --json number --jq '.[].number')

if [ ${#failed[@]} -eq 0 ]; then
  [ -z "$issue" ] || gh issue close "$issue" --comment "All jobs of [this week's run]($LOG) succeed."
  exit
fi

text="What failed in [this week's run]($LOG), whose page has the log of each job:

$(printf '%s\n' "${failed[@]}")"
if [ -n "$issue" ]; then
  gh issue comment "$issue" --body "$text"
else
  gh label create weekly --force --color D93F0B --description "The weekly run fails"
  gh issue create --label weekly --title "The weekly run fails" --body "$text"
fi
