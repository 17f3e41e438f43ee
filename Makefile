# What others rely on: test, lint, fuzz, bench. The rest are parts of them.
.DELETE_ON_ERROR:
.PHONY: help setup test quick race chaos memory conform modules compat programs interop matrix cross emulated livekit kernels corpora lint vuln fuzz corpus soak bench million microbench

GO      ?= go
TIME    ?= 10s
SOAK    ?= 10m
# By default a minute goes into making each new input shorter.
FUZZFLAGS ?= -fuzzminimizetime 2s
RACE    ?= -race
# The root, and what is beneath it and differs between systems.
BYTES   := . ./internal/gate ./internal/transport ./internal/dial ./internal/wsplay ./tests/...
PURE    := ./frame ./conn ./handshake ./internal/deflate ./internal/inflate ./internal/hostport ./internal/h2

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOLANGCI    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Debian keeps nginx, haproxy and kamailio in sbin, which only root has in its PATH.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

setup: ## installs what make test needs and is missing; with sudo where you are not root
	@GO='$(GO)' tools/setup.sh

# What runs beside something else mostly waits.
test: setup ## everything: installs what is missing, then runs all that CI checks
	$(MAKE) quick
	$(MAKE) -j2 -O race chaos
	$(MAKE) memory conform modules compat corpora cross emulated
	$(MAKE) -j2 -O interop livekit

quick: ## vet and the library's tests, for every edit
	$(GO) vet ./...
	$(GO) test -short $$($(GO) list ./... | grep -v /fuzz/soak)

# tests/loop waits more than it works, so it goes first, beside the others.
race: ## the library's tests under the race detector
	$(GO) test -race -skip '^TestMutants$$' ./tests/loop $$($(GO) list ./... | grep -v /fuzz/soak)

chaos: ## connections over a network that fails them, and what they borrow counted
	$(GO) test -race -tags poolcheck ./fuzz/soak
	$(GO) vet -tags poolcheck ./...
	$(GO) test -tags poolcheck -run PoolCheck .
	$(GO) test -tags poolcheck ./internal/poolcheck ./internal/transport ./internal/h2/session ./gorilla

memory: ## claims about memory, which the race detector would blur
	$(GO) test -count=1 -run 'Allocat|IdleMemory' . ./hub

conform: ## our own server and client through the conformance suite, as ws conform -quick does; and engines with faults that it must find
	$(GO) test -count=1 -run '^Test(Expected|Mutants)$$' ./autobahn

modules: ## vet and tests of the modules around the library
	cd cmd/ws && $(GO) vet ./... && $(GO) test $(RACE) ./...
	cd examples/sip && npm ci --no-audit --no-fund --no-update-notifier
	cd examples && $(GO) vet ./... && $(GO) test $(RACE) ./...
	cd http3 && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) test $(RACE) ./...
	cd bench && npm ci --no-audit --no-fund --no-update-notifier && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) test ./...

# Their tests take under a minute together.
QUICK_PROGRAMS = jsonrpc2 mochi melody gqlgen

compat: ## the drop-ins: their surface, how programs switch to them, and scenarios with the original beside them
	cd compat/gorilla && GOWORK=off $(GO) vet ./...
	cd compat/coder && GOWORK=off $(GO) vet ./...
	cd compat/nhooyr && GOWORK=off $(GO) vet ./...
	cd compat/check && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) test $(RACE) ./...
	cd compat/check && GOWORK=off $(GO) test -count=1 -modfile=original.mod ./scenarios ./coder
	compat/programs/programs.sh $(QUICK_PROGRAMS)

programs: ## the tests of all the real programs, on their own WebSocket library and on this one: 10 minutes
	compat/programs/programs.sh

interop: ## tests against Chromium, Node, Java, Python, nginx, haproxy, nghttpx, gorilla, coder, gobwas, gws, yamux, smux, SSH
	cd interop && npm ci --no-audit --no-fund --no-update-notifier && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) test $(RACE) ./...

# Not a part of make test: it installs Debian packages, as root or with sudo, and takes an hour.
matrix: ## judges every implementation in interop/matrix, as server and as client: docs/conformance. ONLY=gorilla,node-ws for some
	cd interop && npm ci --no-audit --no-fund --no-update-notifier && GOWORK=off $(GO) run ./matrix $(if $(ONLY),-only $(ONLY))

# Go does not see that the programs which the tests build have changed: no cached results.
livekit: ## tests against a genuine LiveKit server, on gorilla and on ours, and by Chromium; builds both first
	cd interop/livekit && npm ci --no-audit --no-fund --no-update-notifier && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) test $(RACE) -count=1 -timeout 20m ./...

# Systems on which it must compile, and architectures on which the pure packages
# must also be right.
cross: ## vet for the systems and architectures that are not this one
	GOOS=js GOARCH=wasm $(GO) vet $(BYTES)
	GOOS=windows $(GO) vet $(BYTES)
	GOOS=darwin GOARCH=arm64 $(GO) vet $(BYTES)
	GOOS=freebsd $(GO) vet $(BYTES)
	GOOS=plan9 $(GO) vet $(BYTES) ./wstest
	GOOS=linux GOARCH=arm64 $(GO) vet $(BYTES)
	GOOS=linux GOARCH=s390x $(GO) vet $(BYTES)
	GOARCH=386 CGO_ENABLED=0 $(GO) vet $(BYTES)
	GOARCH=386 CGO_ENABLED=0 $(GO) test $(PURE)

# HAWSER_KERNELS says which kernels must be there and no others; HAWSER_THINNED
# steps over some of the lengths in the tests of kernels, and leaves out the largest
# explorations of package conn, which take two minutes each in an emulator.
emulated: export HAWSER_THINNED = 1
emulated: ## tests of the pure packages on a big-endian and an ARM machine and on older processors (qemu-user)
	GOARCH=s390x CGO_ENABLED=0 HAWSER_KERNELS=plain $(GO) test -exec qemu-s390x -short $(PURE)
	GOARCH=arm64 CGO_ENABLED=0 HAWSER_KERNELS=neon $(GO) test -exec qemu-aarch64 -short $(PURE)
	GOARCH=amd64 CGO_ENABLED=0 HAWSER_KERNELS=plain $(GO) test -exec 'qemu-x86_64 -cpu Nehalem' -short ./frame
	GOARCH=amd64 CGO_ENABLED=0 HAWSER_KERNELS=avx2 $(GO) test -exec 'qemu-x86_64 -cpu Haswell' -short ./frame

kernels: ## writes the vector kernels again; they must not change, and must run here (fetches avo)
	rm -f frame/*_amd64.s frame/*_arm64.s
	$(GO) generate ./frame
	git diff --exit-code -- 'frame/*.s'
	@test -z "$$(git ls-files --others -- 'frame/*.s')" || { echo "frame: a kernel is not in the repository" >&2; exit 1; }
	@want=plain; has() { for flag; do grep -qw "$$flag" /proc/cpuinfo || return 1; done; }; \
	case $$($(GO) env GOARCH) in \
	  arm64) want=neon ;; \
	  amd64) if has avx2 avx512f avx512dq avx512bw avx512vl; then want=avx512,avx2; elif has avx2; then want=avx2; fi ;; \
	esac; \
	echo "kernels: $$want"; HAWSER_KERNELS=$$want $(GO) test -run Kernel ./frame
	HAWSER_KERNELS=plain $(GO) test -short -tags purego ./frame

lint: ## the linters (fetches them)
	$(GO) run $(STATICCHECK) ./...
	cd cmd/ws && $(GO) run $(STATICCHECK) ./...
	cd examples && $(GO) run $(STATICCHECK) ./...
	cd http3 && GOWORK=off $(GO) run $(STATICCHECK) ./...
	cd interop && GOWORK=off $(GO) run $(STATICCHECK) ./...
	cd interop/livekit && GOWORK=off $(GO) run $(STATICCHECK) ./...
	cd bench && GOWORK=off $(GO) run $(STATICCHECK) ./...
	cd fuzz/peers && GOWORK=off $(GO) run $(STATICCHECK) ./...
	cd frame/_asm && GOWORK=off $(GO) run $(STATICCHECK) ./...
	cd compat/gorilla && GOWORK=off $(GO) run $(STATICCHECK) ./...
	cd compat/coder && GOWORK=off $(GO) run $(STATICCHECK) ./...
	cd compat/nhooyr && GOWORK=off $(GO) run $(STATICCHECK) ./...
	cd compat/check && GOWORK=off $(GO) run $(STATICCHECK) ./...
	$(GO) run $(GOLANGCI) run ./...

vuln: ## known vulnerabilities in what we depend on (asks vuln.go.dev, or VULNDB=file:///DIR)
	@set -e; for module in . cmd/ws examples http3 bench interop interop/livekit fuzz/peers frame/_asm compat/gorilla compat/coder compat/nhooyr compat/check; do \
	  echo "== $$module"; workspace=; case $$module in http3|bench|interop|interop/livekit|fuzz/peers|frame/_asm|compat/*) workspace=off ;; esac; \
	  (export GOWORK=$$workspace; cd $$module && $(GO) run $(GOVULNCHECK) $(if $(VULNDB),-db $(VULNDB)) ./...); \
	done

# fuzz/peers, whose targets hold other libraries beside us, is a module of its own.
fuzz: ## every fuzz target for TIME each
	@set -e; for module in . fuzz/peers cmd/ws examples; do \
	  export GOWORK=; test $$module != fuzz/peers || GOWORK=off; \
	  for pkg in $$(cd $$module && $(GO) list ./...); do \
	    for target in $$(cd $$module && $(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	      echo "== $$pkg $$target"; (cd $$module && $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(TIME) $(FUZZFLAGS) $$pkg); \
	    done; done; done

corpora: ## the corpora of all fuzz targets, and with the portable kernels
	$(GO) test -count=1 -run '^Fuzz' ./...
	$(GO) test -count=1 -run '^Fuzz' -tags purego ./...
	cd fuzz/peers && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) test -count=1 ./...
	cd fuzz/peers && GOWORK=off $(GO) test -count=1 -tags purego ./...

corpus: ## takes into the corpora what fuzzing on this machine has found and they do not reach
	$(GO) run ./fuzz/internal/minimize
	GOWORK=off $(GO) run ./fuzz/internal/minimize -C fuzz/peers
	$(GO) run ./fuzz/internal/minimize -C cmd/ws

soak: ## a thousand connections on a network that fails them, for SOAK, and behind haproxy; figures as it goes, PASS or FAIL at the end
	$(GO) test -count=1 -v -timeout 0 -tags poolcheck -run '^Test(Faults|HAProxy)$$' ./fuzz/soak -soak $(SOAK)

bench: ## other libraries beside us, half an hour on a quiet machine with two cores: bench/RESULTS.md
	cd bench && GOWORK=off $(GO) run . results

# Not a part of CI, nor of make bench. It ends before memory gets short.
million: ## a million idle connections on loops, as processes of 19,000: some minutes, 13 GB, two cores. CONNECTIONS=100000 for less
	cd bench && GOWORK=off $(GO) run . million $(if $(CONNECTIONS),-connections $(CONNECTIONS))

microbench: ## the library's own benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...
