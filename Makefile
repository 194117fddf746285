# `make` lists the targets. A fresh machine needs Python 3.11 or newer and make; everything else is set up in .venv.

PYTHON ?= python3
BIN := .venv/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# pip reads dependency groups since 25.1; the one that comes with Python may be older
# the set-up is done again when what it installs has changed
STAMP := .venv/set-up

# what the site is built with
DOCS_STAMP := .venv/set-up-docs

# of the page's script; only who changes it needs node
NODE_STAMP := node_modules/set-up

.PHONY: help demo test coverage test-backends test-long test-notebooks test-distributed check dist test-wheel docs docs-links page-script bench bench-peers results fuzz clean

help:
	@echo "make demo           set up, train on the Frey faces, draw every picture, write the page"
	@echo "make test           set up, run the tests"
	@echo "make coverage       the tests, and which lines they do not run"
	@echo "make test-backends  run the model's tests on Keras's other backends, in environments of their own"
	@echo "make test-long      run the tests that take half a minute each, which make test leaves out"
	@echo "make test-notebooks run the widget in JupyterLab and marimo, in a browser"
	@echo "make test-distributed  run the long tests of several processes, two network namespaces among them"
	@echo "make check          ruff, mypy, import-linter; of the page's script eslint, prettier, tsc and its tests (needs node)"
	@echo "make page-script    join the modules of the explorer's page into the scripts that are shipped (needs node)"
	@echo "make dist           build and check the package, wheel and source"
	@echo "make test-wheel     try the wheel with nothing else; PYTHONS=\"python3.11 python3.13\", RESOLUTION=lowest-direct"
	@echo "make docs           build the site in build/docs, its pages executed; needs no network"
	@echo "make docs-links     ask for every external link of the site (needs the network)"
	@echo "make bench          measure the speed, compared with the peers that are installed"
	@echo "make bench-peers    set up the peers that make bench asks: torch, pythae and TensorFlow, in environments of their own"
	@echo "make results        train and measure what is missing of docs/results.md, and write it (days, the first time)"
	@echo "make fuzz           try odd and damaged input for SECONDS=600, and say what is not refused in a line"
	@echo "make clean          remove what the other targets made"

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "freyvae needs Python 3.11 or newer: make PYTHON=python3.11")'
	@echo "setting up .venv (once, a minute or two)" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python $(PIP_INSTALL) --upgrade "pip>=25.1"
	@$(BIN)/python $(PIP_INSTALL) --group dev --editable ".[compression,factors,jpeg-xl,graph,notebook,onnx,scikit-learn,sweep]"
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/freyvae demo

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses=logical --dist=worksteal --durations=15

# slower than the tests alone
coverage: $(STAMP)
	$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered

check: $(STAMP) $(NODE_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm run --silent check
	npm run --silent test

$(NODE_STAMP): package.json
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "the page's script needs node and npm: apt-get install nodejs npm" >&2; exit 1; }
	@node -e 'const [major, minor] = process.versions.node.split("."); if (major < 18 || (major == 18 && minor < 18)) { console.error(`the page\x27s script needs node 18.18 or newer, not $${process.versions.node}`); process.exit(1); }'
	@npm install --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

# the package for the Python Package Index, checked as the index checks it
dist: $(STAMP)
	rm -rf dist build/lib build/bdist.*
	$(BIN)/python $(PIP_INSTALL) --group release
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

# the wheel with nothing else, by each of PYTHONS="python3.11 python3.13", with RESOLUTION=lowest-direct or the newest versions
PYTHONS := $(PYTHON)
RESOLUTION := highest
test-wheel: dist
	set -e; for python in $(PYTHONS); do PATH="$$PWD/$(BIN):$$PATH" packaging/try-wheel "$$(command -v $$python)" $(RESOLUTION); done

$(DOCS_STAMP): $(STAMP)
	@$(BIN)/python $(PIP_INSTALL) --group docs
	@touch $@

# every page is read and executed anew: what it shows is of the present package
docs: $(DOCS_STAMP)
	$(BIN)/sphinx-build --fresh-env --fail-on-warning --keep-going --quiet docs build/docs
	@echo "build/docs/index.html"

docs-links: $(DOCS_STAMP)
	$(BIN)/sphinx-build --builder linkcheck --define nb_execution_mode=off --quiet docs build/docs-links

page-script: $(NODE_STAMP)
	npm run --silent build

bench: $(STAMP)
	$(BIN)/python -m studies.speed

# pythae also asks for a copy of dataclasses, which Python has had since 3.7
bench-peers: .venv-torch/set-up .venv-tensorflow/set-up
	.venv-torch/bin/python $(PIP_INSTALL) --no-deps pythae
	.venv-torch/bin/python $(PIP_INSTALL) "imageio>=2" "pydantic>=2" "tqdm>=4"

# its convolutions are trained on torch
results: $(STAMP) .venv-torch/set-up
	$(BIN)/python -m studies.density
	$(BIN)/python -m studies.images
	$(BIN)/python -m studies.filling
	$(BIN)/python -m studies.odd

SECONDS := 600
fuzz: $(STAMP)
	$(BIN)/python -m fuzz --seconds $(SECONDS)

.venv-torch/set-up .venv-tensorflow/set-up: .venv-%/set-up: pyproject.toml constraints.txt
	@echo "setting up .venv-$* (once, a few minutes)" >&2
	@$(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/python $(PIP_INSTALL) --upgrade "pip>=25.1"
	@.venv-$*/bin/python $(PIP_INSTALL) $* --group test --editable ".[compression,factors,jpeg-xl,graph]"
	@touch $@

test-backends: .venv-torch/set-up .venv-tensorflow/set-up
	KERAS_BACKEND=torch .venv-torch/bin/python -m pytest -m backend
	KERAS_BACKEND=tensorflow .venv-tensorflow/bin/python -m pytest -m backend

test-long: $(STAMP)
	$(BIN)/python -m pytest --numprocesses=logical --dist=worksteal -m long

test-notebooks: $(STAMP)
	$(BIN)/python $(PIP_INSTALL) --group notebooks
	FREYVAE_REQUIRE_BROWSER=1 $(BIN)/python -m pytest -m notebooks

test-distributed: $(STAMP)
	$(BIN)/python -m pytest -m distributed

clean:
	rm -rf .venv .venv-torch .venv-tensorflow node_modules .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
