# One verb for each task; each sets up what it needs in .venv. PYTHON names the interpreter to make it with.
#   demo test check bench    run mien, its tests, its checks, its measurements
#   docs                     writes files of the repository: the tables in docs/ that come from the code
#   site                     builds the documentation site from docs/ and the code, into site/
#   site-version             adds it to the published versions
#   page                     puts the runtime for browsers into the web page of  mien serve
#   web                      packs mien-web, the npm package for browsers, into build/
#   package                  builds and checks what is published, into dist/
#   hooks lint portable lowest clean  for contributors: see CONTRIBUTING.md
PYTHON ?= python3
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
# Two installs at once would meddle with each other.
.NOTPARALLEL:
.PHONY: demo test check lint portable lowest bench docs site site-version page web package hooks clean

# Only what is imported is compiled, when it is imported: compiling every package would take a minute.
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) '.[dev]'
	touch $@

# One extra alone, without the rest of what developers need: .venv/installed-docs, .venv/installed-release.
.venv/installed-%: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) '.[$*]'
	touch $@

## The homework on drawn faces: a page, a model file and predictions in demo/; under 5 minutes on 2 cores.
demo: .venv/installed
	rm -rf demo
	$(BIN)/mien demo --out demo

## Run all tests.
test: .venv/installed
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

## Lint, formatting.
lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

## Lint, formatting, types.
check: lint
	$(BIN)/mypy --num-workers 2

## Types of the package as on Windows and macOS: a call that only Linux has is an error, unless it is guarded by sys.platform.
portable: .venv/installed
	$(BIN)/mypy --platform win32 src
	$(BIN)/mypy --platform darwin src

## Test with the oldest packages that pyproject.toml allows, in an environment of their own. One test needs Ray, which isn't in it.
LOW := $(subst .venv,.venv-lowest,$(BIN))
lowest:
	$(PYTHON) -m venv .venv-lowest
	$(LOW)/pip install --quiet --disable-pip-version-check uv
	$(LOW)/uv pip install --quiet --python $(LOW)/python --resolution lowest-direct --editable '.[train,adapt,report,video,heic,formats,serve,tensorboard]'
	$(LOW)/uv pip install --quiet --python $(LOW)/python httpx hypothesis mlflow-skinny pandas pytest scikit-image
	$(LOW)/python -m pytest -o filterwarnings=default -k "not every_verb_that_trains" \
		tests/inference tests/data tests/recipes tests/training tests/evaluation tests/reporting tests/videos

## Measure speed here: training, inference, start-up, and the last measured version beside this one; under 25 minutes.
bench: .venv/installed
	$(BIN)/python -m benchmarks.bench

## Write the tables in docs/ that come from the code.
docs: .venv/installed
	$(BIN)/python docs/generate.py

## Build the documentation site into site/; a warning is an error.
site: .venv/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

## Pack mien-web, the npm package for browsers, into build/ (needs npm).
web: .venv/installed
	rm -rf build/mien-web
	$(BIN)/python tools/web_package.py build/mien-web
	npm pack ./build/mien-web --pack-destination build --silent

## Add the site to the published versions on the branch gh-pages: VERSION=1.2 ALIAS=latest, or VERSION=main ALIAS=dev.
site-version: .venv/installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mike deploy --config-file mkdocs.versions.yml --update-aliases $(VERSION) $(ALIAS)
	$(BIN)/mike set-default --config-file mkdocs.versions.yml --allow-undefined latest

## Build the wheel and the source archive into dist/, and check them. The times in them are those of the commit: built again, they are the same, byte for byte.
package: .venv/installed-release
	rm -rf dist
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

## Lint at each commit, check at each push.
hooks: .venv/installed .venv/installed-hooks
	$(BIN)/pre-commit install

## Put onnxruntime's build for browsers into the web page, for its switch "on this device" (needs npm).
page: src/mien/serving/page/ort/ort-wasm-simd-threaded.wasm
src/mien/serving/page/ort/ort-wasm-simd-threaded.wasm: page/package-lock.json
	npm ci --prefix page --silent
	mkdir -p $(@D)
	cp page/node_modules/onnxruntime-web/dist/ort.wasm.min.mjs page/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.mjs \
		page/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm $(@D)
	touch $@
	rm -rf page/node_modules

clean:
	rm -rf src/mien/serving/page/ort .venv .venv-lowest demo dist site .pytest_cache .mypy_cache .ruff_cache
