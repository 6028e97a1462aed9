# lm: `make` builds, `make demo` shows, `make check` tests, `make install` installs.
.POSIX:
.SUFFIXES:

PREFIX  = /usr/local
BINDIR  = $(PREFIX)/bin
LIBDIR  = $(PREFIX)/lib/lm
MANDIR  = $(PREFIX)/share/man
DESTDIR =

CMDS    = lm-cert lm-fifo lm-frame lm-serve lm-tls-recv lm-tls-send
BANNER  = import{createRequire as lmRequire}from"node:module";const require=lmRequire(import.meta.url);
NODE    = npx --no-install esbuild --bundle --platform=node --target=node20 --format=esm --splitting --log-level=warning \
	--legal-comments=eof --external:bufferutil --external:utf-8-validate '--banner:js=$(BANNER)' --outdir=dist
BROWSER = npx --no-install esbuild --bundle --platform=browser --target=es2022 --format=esm --minify --log-level=warning \
	--legal-comments=none --jsx=automatic --jsx-import-source=preact --outdir=dist/web

all: node_modules/.package-lock.json
	rm -rf dist.new
	set -e; workers=; for w in lib/*.worker.ts; do [ ! -e "$$w" ] || workers="$$workers $$w"; done; \
	  cmds=; for c in $(CMDS); do [ ! -e cmd/$$c.ts ] || cmds="$$cmds cmd/$$c.ts"; done; \
	  $(NODE) --outdir=dist.new --outbase=. $$cmds $$workers
	if [ -e lib/web/page.tsx ]; then $(BROWSER) --outdir=dist.new/web page=lib/web/page.tsx feed=lib/web/feed.worker.ts match=lib/web/match.worker.ts && \
	  cp lib/web/index.html lib/web/page.css lib/web/icon.svg dist.new/web; fi
	mkdir -p dist.new/bin
	for c in $(CMDS); do [ ! -e dist.new/cmd/$$c.js ] || { chmod +x dist.new/cmd/$$c.js && ln -sf ../cmd/$$c.js dist.new/bin/$$c; } || exit 1; done
	rm -rf dist.old; [ ! -e dist ] || mv dist dist.old; mv dist.new dist; rm -rf dist.old

# What the build and the tests are made with, exactly as pinned.
node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error

types: node_modules/.package-lock.json
	npx --no-install tsc -p .
	if [ -e lib/web/page.tsx ]; then npx --no-install tsc -p lib/web; fi

clean:
	rm -rf dist dist.new dist.old

.PHONY: all types clean
