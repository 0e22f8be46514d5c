# Thin: every target is `python -m book TARGET`, which also works without make.
# Options go in ARGS:  make learn ARGS="--no-browser --port 9000"
# The first Python here that is new enough; failing that any, which then says what is needed.
ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(ENOUGH)' 2>/dev/null && echo $$p && exit; done; \
	command -v python3 || command -v python)

TARGETS := learn progress test check site serve pdf lite course bench bench-grading gpu notebooks constraints

.PHONY: help formgrader $(TARGETS)

help: python
	@$(PYTHON) -m book

$(TARGETS): python
	@$(PYTHON) -m book $@ $(ARGS)

formgrader: python
	@$(PYTHON) -m book course --open $(ARGS)

.PHONY: python
python:
	@test -n "$(PYTHON)" && "$(PYTHON)" -c "" 2>/dev/null || { \
		echo "This book needs Python 3.11 or newer, and no Python runs here$(PYTHON:%= as '%'): see python.org."; exit 1; }
