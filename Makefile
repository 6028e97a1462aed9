# lm: `make` builds, `make demo` shows, `make check` tests, `make install` installs.
.POSIX:
.SUFFIXES:

PREFIX  = /usr/local
BINDIR  = $(PREFIX)/bin
LIBDIR  = $(PREFIX)/lib/lm
MANDIR  = $(PREFIX)/share/man
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR  = $(PREFIX)/share/zsh/site-functions
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d
UNITDIR = $(PREFIX)/lib/systemd/system
DOCDIR  = $(PREFIX)/share/doc/lm
EXAMPLES = $(DOCDIR)/examples
DESTDIR =
DIST    = dist

TEST    =
BENCH   = test/bench/*.bench.ts
SOAK    = crash crowd debian fuzz journal lm-tls-recv lm-tls-recv-journal lm-tls-send-disk lm-tls-send-spool page-lines protocol spool storm supervisor systemd
CMDS    = lm-cert lm-fifo lm-frame lm-serve lm-tls-recv lm-tls-send
ESBUILD = node_modules/.bin/esbuild --bundle --log-level=warning
NODE    = $(ESBUILD) --minify-whitespace --platform=node --target=node20 --format=cjs --legal-comments=eof --outbase=. \
	--external:bufferutil --external:utf-8-validate --define:import.meta.url=lmUrl \
	'--banner:js=const lmUrl=require("node:url").pathToFileURL(__filename).href;'
# Large, and needed for one thing: a file of its own, read when that is done.
APART   = --alias:selfsigned=../lib/selfsigned.js --external:../lib/selfsigned.js

# Built beside and put in place at the end, so that a failed build leaves the last good one. Each command is one file and CommonJS: Node's
# loader of ES modules, and importing node:fs and the like by it, which sets up all they can do, cost a seventh of a start (measured); blanks
# are left out, since to read them costs lm-serve a twentieth.
all: node_modules/.package-lock.json
	@set -e; new=$(DIST).new.$$$$; trap 'rm -rf $$new' EXIT; \
	for e in $(CMDS:%=cmd/%.ts) lib/*.worker.ts; do $(NODE) $(APART) --outdir=$$new $$e; done; \
	$(NODE) --outfile=$$new/lib/selfsigned.js node_modules/selfsigned/index.js; \
	for d in cmd lib; do echo '{"type":"commonjs"}' > $$new/$$d/package.json; done; \
	node --import tsx lib/web.build.ts $$new/web; \
	node --import tsx lib/completions.build.ts $$new/completions; \
	mkdir -p $$new/bin; \
	for c in $(CMDS); do chmod +x $$new/cmd/$$c.js; ln -sf ../cmd/$$c.js $$new/bin/$$c; done; \
	rm -rf $(DIST); mv $$new $(DIST)

# What the build and the tests are made with, exactly as pinned.
node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The whole chain on this machine, on lines that are being written now: `make demo`, or `make demo LOG=/var/log/syslog`.
demo: all
	@LOG='$(LOG)' sh lib/demo.sh '$(DIST)/bin'

check: all needs types lint
	@node --import tsx test/run.ts $(TEST)

needs:
	@sh test/needs.sh

types: node_modules/.package-lock.json
	node_modules/.bin/tsc -p .
	node_modules/.bin/tsc -p lib/web

lint: needs
	mandoc -T lint -W warning man/*.[157]

# Goes on without rsyslog where it cannot be installed, and says so.
bench: all needs
	@LM_BENCH=1 sh test/needs.sh || true
	@for b in $(BENCH); do node --import tsx $$b || exit 1; done

# The long fault tests, several minutes each.
soak: all
	@LM_SOAK=1 sh test/needs.sh
	@LM_SOAK=1 node --import tsx test/run.ts $(SOAK)

# DESTDIR never gets into a link: what is installed is moved as a whole.
install: all
	mkdir -p '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LIBDIR)' '$(DESTDIR)$(UNITDIR)' '$(DESTDIR)$(EXAMPLES)'
	mkdir -p '$(DESTDIR)$(MANDIR)/man1' '$(DESTDIR)$(MANDIR)/man5' '$(DESTDIR)$(MANDIR)/man7'
	mkdir -p '$(DESTDIR)$(BASHDIR)' '$(DESTDIR)$(ZSHDIR)' '$(DESTDIR)$(FISHDIR)'
	rm -rf '$(DESTDIR)$(LIBDIR)'/*
	cp -R $(DIST)/cmd $(DIST)/lib $(DIST)/web package.json LICENSE '$(DESTDIR)$(LIBDIR)'
	for c in $(CMDS); do ln -sf '$(LIBDIR)'/cmd/$$c.js '$(DESTDIR)$(BINDIR)'/$$c || exit 1; done
	for s in 1 5 7; do cp man/*.$$s '$(DESTDIR)$(MANDIR)'/man$$s || exit 1; done
	cp $(DIST)/completions/bash/* '$(DESTDIR)$(BASHDIR)'
	cp $(DIST)/completions/zsh/* '$(DESTDIR)$(ZSHDIR)'
	cp $(DIST)/completions/fish/* '$(DESTDIR)$(FISHDIR)'
	cp lib/systemd/* '$(DESTDIR)$(UNITDIR)'
	for e in nginx supervisor; do cp lib/$$e/lm.conf '$(DESTDIR)$(EXAMPLES)'/$$e.conf || exit 1; done
	cp lib/demo.sh '$(DESTDIR)$(EXAMPLES)'

# Leaves folders that others use as well.
uninstall:
	for c in $(CMDS); do \
	  rm -f '$(DESTDIR)$(BINDIR)'/$$c '$(DESTDIR)$(BASHDIR)'/$$c '$(DESTDIR)$(ZSHDIR)'/_$$c '$(DESTDIR)$(FISHDIR)'/$$c.fish; done
	for s in 1 5 7; do for p in man/*.$$s; do rm -f '$(DESTDIR)$(MANDIR)'/man$$s/$${p#man/}; done; done
	for u in lib/systemd/*; do rm -f '$(DESTDIR)$(UNITDIR)'/$${u#lib/systemd/}; done
	rm -rf '$(DESTDIR)$(LIBDIR)' '$(DESTDIR)$(DOCDIR)'

# A Debian package, dist/lm_VERSION_all.deb.
deb: all
	@tree=$$(mktemp -d); trap 'rm -rf $$tree' EXIT; umask 022; \
	$(MAKE) -s -o all install PREFIX=/usr ZSHDIR=/usr/share/zsh/vendor-completions DESTDIR=$$tree && sh lib/debian/build.sh $$tree $(DIST)

clean:
	rm -rf dist dist.*

.PHONY: all demo check needs types lint bench soak install uninstall deb clean
