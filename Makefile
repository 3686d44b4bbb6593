# The two commands to know: `make demo` shows the main job, `make test` passes the tests.
# Both install what they need under ~/.cache/hoop (HOOP_CACHE changes that).

PREFIX ?= /usr/local

.PHONY: help demo test lint docs check-docs bench fuzz build install clean
help:
	@echo 'make demo        run aws commands through hoop-run against a local emulator; no AWS account needed'
	@echo 'make test        set up what the tests need and run them all'
	@echo 'make lint        formatting and clippy'
	@echo 'make docs        write man/ and completions/ anew from the code'
	@echo 'make bench       measure start-up, throughput and the gateway'
	@echo 'make fuzz        look for inputs that break a promise, a minute for each kind'
	@echo 'make build       release build'
	@echo 'make install     install programs, man pages and completions under PREFIX ($(PREFIX))'

demo:
	@scripts/demo.sh

test:
	@scripts/test.sh

lint:
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

docs:
	@cargo run --quiet --example docs -- man man
	@cargo run --quiet --example docs -- completions completions

check-docs:
	@scripts/check-docs.sh

bench:
	@scripts/bench.sh

fuzz:
	@scripts/fuzz.sh

build:
	cargo build --release

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 755 target/release/hoop-run target/release/hoop-replay target/release/hoopctl $(DESTDIR)$(PREFIX)/bin/
	install -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5/
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	for p in hoop-run hoop-replay hoopctl; do \
	  install -m 644 completions/$$p.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$p; \
	  install -m 644 completions/_$$p $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$p; \
	  install -m 644 completions/$$p.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$p.fish; \
	done

clean:
	cargo clean
