# What a person types. On Debian these need only cargo, git and make; what else is missing gets installed.
#
#   make up URL=https://example.org     build rad and crawl the site with private stores
#   make test ARGS=...                  all tests, with real stores
#   make lint                           formatting, lints, documentation, scripts, rules for Prometheus
#   make checkers                       installs what `make lint` checks scripts and rules with

.PHONY: up test lint stores checkers

URL =
ARGS =

up: stores
	cargo build --release --workspace --bins
	target/release/rad up $(URL:%='%')

test: stores
	scripts/run-tests.sh $(ARGS)

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --document-private-items
	if [ -n "$$CI" ]; then scripts/install-checkers.sh; fi
	scripts/lint-scripts.sh
	if cargo deny --version >/dev/null 2>&1; then \
		cargo deny check; \
	else \
		echo "cargo-deny is not installed: licences, advisories and sources not checked"; \
	fi

stores:
	scripts/install-stores.sh

checkers:
	scripts/install-checkers.sh
