# make build: every program of the checkout that there is, static and stripped.
GO      ?= go
GOFLAGS += -trimpath -buildvcs=false
VERSION := $(shell git describe --always --dirty --tags 2>/dev/null || echo unknown)
LDFLAGS  = -s -w -X main.version=$(VERSION)
BUILD    = CGO_ENABLED=0 $(GO) build $(GOFLAGS) -ldflags "$(LDFLAGS)"

ARCHS    = amd64 arm64
MODULES  = $(foreach arch,$(ARCHS),$(patsubst modules/%/,bin/linux_$(arch)/%,$(wildcard modules/*/)))
PROGRAMS = bin/lab $(if $(wildcard supervisor/rundockd/*.go),bin/rundockd bin/rundock-render) $(if $(wildcard dnsd/*.go),bin/dnsd)

# What a lab and the playbooks need on this machine, as command:package.
NEEDS = ansible:ansible debootstrap:debootstrap dig:bind9-dnsutils ip:iproute2 iptables:iptables \
	nft:nftables nsenter:util-linux runsv:runit ssh:openssh-client
# What the tests need besides: Debian's etcd, which is older than the one that dnsd embeds; the programs that dnsd is
# measured with and against; its clients; systemd-analyze, which checks its unit; and pgrep.
TEST_NEEDS = etcd:etcd-server dnsperf:dnsperf knotd:knot nsd:nsd systemd-analyze:systemd taskset:util-linux \
	kdig:knot-dnsutils drill:ldnsutils unbound:unbound haproxy:haproxy prometheus:prometheus \
	busybox:busybox-static gcc:gcc gencat:libc6-dev musl-gcc:musl-tools pgrep:procps

.PHONY: build test test-quick bench bench-dns bench-overlay fuzz lint lab lab-down demo deps $(PROGRAMS) $(MODULES)
build: $(PROGRAMS) $(MODULES)

# Go itself knows what is up to date.
bin/lab: ; $(BUILD) -o $@ ./internal/lab/cmd/lab
# grpcnotrace leaves out grpc's debugging pages, which nobody serves: the linker drops a fifth of the program with them.
bin/rundock-render: ; $(BUILD) -tags grpcnotrace -o $@ ./supervisor/rundock-render
bin/rundockd: ; $(BUILD) -tags grpcnotrace -o $@ ./supervisor/rundockd
bin/dnsd: ; $(BUILD) -o $@ ./dnsd
# Modules are sent to hosts: SMALL makes them a twentieth smaller, and slower by some hundredths of a millisecond a service.
SMALL = -tags purego -gcflags=rundock/...=-l
$(MODULES): ; GOARCH=$(patsubst linux_%,%,$(notdir $(@D))) $(BUILD) $(SMALL) -o $@ ./modules/$(@F)

lab: deps bin/lab
	bin/lab up

lab-down: bin/lab
	bin/lab down
	for n in n 2 2n 3 3n 4 4n b bn; do RUNDOCK_LAB_ID=$${RUNDOCK_LAB_ID:-rd}$$n bin/lab down || exit; done

demo: deps build
	playbooks/demo/demo.sh

# Everything: what needs no lab; the main line in the lab; then the other lab
# tests, in labs side by side (.ci/labs); then the lab's own tests, which bring
# up labs of their own, beside the demo and some fuzzing.
LAB_TEST = RUNDOCK_LAB=1 RUNDOCK_LAB_KEEP=1 .ci/gotest
UNIT     = $(shell $(GO) list ./... | grep -v -e /internal/lab -e /internal/e2e)
# Six packages run at a time, as the longest mostly wait.
test: NEEDS += $(TEST_NEEDS)
test: deps consul build lint
	RUNDOCK_SLOW=1 .ci/gotest "unit tests" -count=1 -timeout 30m -p 6 $(UNIT)
	$(LAB_TEST) "lab: the main line" -count=1 -run '^TestSmoke' ./internal/e2e
	RUNDOCK_LAB=1 RUNDOCK_LAB_KEEP=1 RUNDOCK_LAB_READY=1 .ci/labs Smoke
	$(MAKE) -s lab-down
	$(MAKE) --no-print-directory -j3 -Otarget test-lab test-demo test-fuzz
	bin/lab down

# While working: the unit tests but for the slow ones, and the main line.
test-quick: NEEDS += $(TEST_NEEDS)
test-quick: deps consul build
	MAY_SKIP=1 .ci/gotest "unit tests but for slow ones" -p 6 $(UNIT)
	$(LAB_TEST) "lab: the main line" -count=1 -run '^TestSmoke' ./internal/e2e

# Another store for the tests.
.PHONY: consul
consul: ; .ci/consul

.PHONY: test-lab test-demo test-fuzz
test-lab: ; $(LAB_TEST) "tests of the lab" -count=1 -timeout 40m ./internal/lab ./internal/lab/cmd/... ./internal/lab/testapp
test-demo: ; playbooks/demo/demo.sh
test-fuzz: ; $(MAKE) --no-print-directory fuzz FUZZTIME=20000x

# Benchmarks in a lab of their own, beside which the demo's may stay, on a
# machine that has little else to do: commands, medians, and ratios to a peer in
# the same run.
BENCH_LAB = RUNDOCK_LAB_ID=$${RUNDOCK_LAB_ID:-rd}b RUNDOCK_BENCH=1 RUNDOCK_LAB=1 RUNDOCK_LAB_KEEP=1
bench: deps build
	$(BENCH_LAB) $(GO) test -v -count=1 -timeout 60m -run '^TestBench' ./internal/e2e

# dnsd beside its peers, and with many records and changes: figures, on a quiet machine. ROUNDS and SECONDS (of
# each round) make it longer, ETCD=embedded has another etcd behind, WITHOUT_COREDNS=1 spares building CoreDNS.
SECONDS ?= 2
bench-dns: NEEDS += $(TEST_NEEDS)
bench-dns: deps $(if $(WITHOUT_COREDNS),,bin/bench-coredns)
	$(GO) test -count=1 -run XXX -bench . -benchmem ./dnsd/server ./dnsd/table
	$(GO) test -count=1 -timeout 120m -v ./dnsd/bench -args -earnest -rounds $(or $(ROUNDS),7) -seconds $(SECONDS) $(if $(ETCD),-etcd $(ETCD)) $(if $(WITHOUT_COREDNS),,-coredns $(CURDIR)/bin/bench-coredns)

bin/bench-coredns: dnsd/bench/coredns/main.go dnsd/bench/coredns/go.mod
	cd dnsd/bench/coredns && CGO_ENABLED=0 $(GO) build -trimpath -o $(CURDIR)/$@ .

# An overlay network beside a kernel that is programmed by hand, its agent from its start on, and hosts of a lab that
# come and go: figures, on a quiet machine. LAB= leaves the lab out.
LAB ?= 1
bench-overlay: NEEDS += $(TEST_NEEDS)
bench-overlay: deps build
	$(GO) test -count=1 -run XXX -bench . -benchmem ./internal/overlay/bench
	$(GO) test -count=1 -timeout 60m -v ./internal/overlay/bench -args -earnest -rounds $(or $(ROUNDS),10) -seconds $(SECONDS)
	$(if $(LAB),$(BENCH_LAB) $(GO) test -v -count=1 -timeout 60m -run '^TestBenchOverlay$$' ./internal/e2e)

# Fuzzing, each target for FUZZTIME: a time, or a number of runs with an x, which only takes longer on a busy machine. A
# time may end in "context deadline exceeded" there, which is golang/go#75804 and no bug of ours.
FUZZTIME ?= 10m
fuzz:
	$(GO) test -run XXX -fuzz FuzzServe -fuzztime $(FUZZTIME) ./dnsd/server
	$(GO) test -run XXX -fuzz FuzzPlain -fuzztime $(FUZZTIME) ./dnsd/server
	$(GO) test -run XXX -fuzz FuzzLine -fuzztime $(FUZZTIME) ./dnsd/querylog
	$(GO) test -run XXX -fuzz FuzzUpdate -fuzztime $(FUZZTIME) ./dnsd/table
	$(GO) test -run XXX -fuzz FuzzDecode -fuzztime $(FUZZTIME) ./dnsd/snapshot
	$(GO) test -run XXX -fuzz FuzzParse -fuzztime $(FUZZTIME) ./internal/skydns
	$(GO) test -run XXX -fuzz FuzzKey -fuzztime $(FUZZTIME) ./internal/skydns

# Which package may import which is in .depguard.json.
lint:
	$(GO) vet ./...
	$(GO) run github.com/OpenPeeDeeP/depguard/v2/cmd/depguard@v2.2.1 ./...
	@! git grep -nE '^(<<<<<<<|>>>>>>>) ' || { echo "a merge is not resolved"; exit 1; }
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "gofmt -w $$unformatted"; exit 1; }

# policy-rc.d keeps the servers among them from starting: they would take port 53 and others.
POLICY = /usr/sbin/policy-rc.d
deps:
	@missing=""; for n in $(NEEDS); do command -v "$${n%%:*}" >/dev/null || missing="$$missing $${n##*:}"; done; \
	[ -n "$$missing" ] || exit 0; \
	[ -e $(POLICY) ] || { trap 'rm -f $(POLICY)' EXIT; trap 'exit 1' INT TERM; printf '#!/bin/sh\nexit 101\n' >$(POLICY); chmod 755 $(POLICY); }; \
	set -x; apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing
