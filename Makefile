# `make lab` to learn, `make test` to prove that everything works. Needs bash and GNU make 3.81 or newer (macOS has that).

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
DESK := $(VENV)/desk-is-ready
TOOLS := $(VENV)/tools-are-ready
SITE_TOOLS := $(VENV)/site-tools-are-ready
LESSON_TESTS := tests/authoring/test_build.py tests/authoring/test_notebooks.py tests/exercises/test_exercises.py

# In as many processes as there are cores.
PYTEST := $(BIN)/python -m pytest --numprocesses auto

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Threads that wait for each other by spinning slow small models down many times on a busy machine.
export OMP_WAIT_POLICY := PASSIVE
# On a terminal pip shows its progress bars; in a log the numbered lines are enough.
PIP := $(BIN)/python -m pip install $(shell test -t 2 || echo --quiet) --constraint constraints.txt
NEWS := sed '/^Requirement already satisfied/d'
TORCH := $(shell sed -n 's/^torch==//p' constraints.txt)

# The first of these that fits. Another one: make lab PYTHON=/path/to/python3
PYTHON := python3 python3.14 python3.13 python3.12 python3.11 python
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
FOUND = $(shell for p in $(PYTHON); do "$$p" -c 'import ensurepip, venv; $(FITS)' 2>/dev/null && echo "$$p" && break; done)
NO_VENV = $(shell for p in $(PYTHON); do "$$p" -c '$(FITS)' 2>/dev/null && echo "$$p" && break; done)

# A virtual environment does not survive a move of its folder, or the loss of the Python that it was made with.
WHOLE := grep -qsF " $$(pwd -P)/$(VENV)" $(VENV)/pyvenv.cfg && $(BIN)/python -c 'import pip' 2>/dev/null

.PHONY: help lab setup build check test test-all test-browser site demo-class bench bench-check mutants clean
ifneq ($(shell $(WHOLE) && echo yes),yes)
.PHONY: $(DESK)
endif

help:
	@echo 'make lab     open the lessons in JupyterLab (pass options on: make lab ARGS="--no-browser --port 9999")'
	@echo 'make setup   only set up .venv, as the other commands do when they need it'
	@echo 'make build   write solutions/ and lessons/ anew from source/'
	@echo 'make check   prove the lessons: they are up to date, solvable, and their checks catch wrong answers;'
	@echo '             make check ONLY=softmax proves one exercise, and the notebooks of its lesson'
	@echo 'make test    prove that everything works: make check, and all other tests but for the slowest'
	@echo 'make test-all   make test, the slowest tests (a cluster, PostgreSQL, ...), test-browser and site: what CI runs'
	@echo 'make test-browser   use the lessons in a real browser; PICTURES=folder keeps screenshots there'
	@echo 'make site    write the pages of site/: what README and docs/ say, and the lessons, solved'
	@echo 'make demo-class   grade a made-up class of 40, some of it hostile, and say what to look at (Linux, bubblewrap)'
	@echo 'make bench        measure grading beside plain nbgrader, into benchmarks/results/ (a few minutes)'
	@echo 'make bench-check  measure how long check() takes, over all exercises and their mistakes (a few minutes)'
	@echo 'make mutants      change every solution in small ways, and list the changes that the judge takes (half an hour)'
	@echo 'make clean   remove .venv and caches; work/ stays'

lab: $(DESK)
	@$(BIN)/course lab $(ARGS)

setup: $(DESK)

build: $(DESK)
	@$(BIN)/course build

check: $(TOOLS)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports --no-cache
	$(if $(ONLY),$(BIN)/python -m pytest --exitfirst --only $(ONLY),$(PYTEST) --dist worksteal) $(LESSON_TESTS)

# What tests need: the sandbox, and a browser for what students see.
test: check
	@.ci/need bubblewrap chromium
	$(PYTEST) --dist loadfile -m 'not slow' $(addprefix --ignore=,$(LESSON_TESTS))

# Slow by nature: whole servers and clusters that the tests start, large classes.
test-all: test
	@.ci/need postgresql
	$(PYTEST) --dist loadfile -m slow $(addprefix --ignore=,$(LESSON_TESTS))
	$(MAKE) test-browser site

test-browser: $(TOOLS)
	@.ci/need chromium
	$(BIN)/python -m pytest tests/browser

site: $(TOOLS) $(SITE_TOOLS)
	$(BIN)/python docs/site/build.py
	$(BIN)/python -m pytest --quiet tests/site
	@echo "Open site/index.html in a browser, or lay the folder on any web server."

demo-class: $(DESK)
	@.ci/need bubblewrap
	@$(BIN)/python -m benchmarks.demo

bench: $(DESK)
	@.ci/need bubblewrap
	@$(BIN)/python -m benchmarks.bench_grading $(ARGS)

bench-check: $(DESK)
	@.ci/need bubblewrap
	@$(BIN)/python -m benchmarks.bench_check

mutants: $(TOOLS)
	@$(BIN)/python -m benchmarks.mutants $(if $(ONLY),--only $(ONLY))

clean:
	rm -rf $(VENV) build site *.egg-info .pytest_cache .ruff_cache
	find autograder benchmarks course_utils tests -name __pycache__ -prune -exec rm -rf {} +

# The two stamps are written last, so that after Ctrl-C the next run goes on where this one stopped.
$(DESK): pyproject.toml constraints.txt
	@$(WHOLE) || { \
	  python="$(FOUND)"; almost="$(NO_VENV)"; \
	  if [ -z "$$python" ] && [ -n "$$almost" ]; then \
	    package="$$("$$almost" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; \
	    echo "$$almost has no venv module. On Debian and Ubuntu: sudo apt install $$package" >&2; exit 1; \
	  elif [ -z "$$python" ]; then \
	    echo "The course needs Python 3.11, 3.12, 3.13 or 3.14. Tried: $(PYTHON)" >&2; \
	    echo "Install one (https://www.python.org/downloads), or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; \
	  fi; \
	  if [ -e $(VENV) ]; then echo "$(VENV) is incomplete, or was made in another folder; it is made anew."; fi; \
	  echo "[1/3] $$("$$python" --version), in an environment of its own: $(VENV)"; \
	  "$$python" -m venv --clear $(VENV); }
	@rm -f $(DESK) $(TOOLS) $(SITE_TOOLS)
	@echo "[2/3] PyTorch $(TORCH): the largest part, a few minutes the first time"
	@$(PIP) torch setuptools || { echo "$$PIP_FAILED" >&2; exit 1; }
	@echo "[3/3] JupyterLab, nbgrader and the course"
	@set -o pipefail; $(PIP) --no-build-isolation --editable . | $(NEWS) || { echo "$$PIP_FAILED" >&2; exit 1; }
	@mkdir -p $(VENV)/etc && cp -R autograder/grading/jupyter $(VENV)/etc/ # an editable install leaves such files out
	@touch $(DESK)
	@echo "Ready."

$(TOOLS): $(DESK)
	@echo "Tools for tests: pytest, ruff, Playwright"
	@set -o pipefail; $(PIP) --no-build-isolation --editable '.[dev]' | $(NEWS) || { echo "$$PIP_FAILED" >&2; exit 1; }
	@touch $(TOOLS)

$(SITE_TOOLS): $(DESK)
	@echo "Tools for the site: Sphinx, MyST-NB"
	@set -o pipefail; $(PIP) --no-build-isolation --editable '.[site]' | $(NEWS) || { echo "$$PIP_FAILED" >&2; exit 1; }
	@touch $(SITE_TOOLS)

define PIP_FAILED
pip could not install this; the lines above say why. The same command again goes on from here.
(PyTorch $(TORCH) exists for Linux with glibc 2.28 or newer, Windows, and macOS 14 or newer on Apple silicon.)
endef
export PIP_FAILED
