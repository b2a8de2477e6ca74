# make build: every program of the checkout, static and stripped.
GO      ?= go
GOFLAGS += -trimpath -buildvcs=false
# A commit has one name: without --abbrev its length would depend on what else the clone has.
VERSION := $(shell git describe --always --dirty --tags --abbrev=12 2>/dev/null || echo unknown)
LDFLAGS  = -s -w -X main.version=$(VERSION) -X rundock/internal/ansible.version=$(VERSION)
BUILD    = CGO_ENABLED=0 $(GO) build $(GOFLAGS) -ldflags "$(LDFLAGS)"

ARCHS    = amd64 arm64
MODULES  = $(foreach arch,$(ARCHS),$(patsubst modules/%/,bin/linux_$(arch)/%,$(wildcard modules/*/)))
SUPERVISORS = bin/rundockd bin/previewd bin/rundock-render bin/rundock-stack bin/rundock-store
PROGRAMS = bin/lab bin/dnsd $(SUPERVISORS)

# What a lab and the playbooks need on this machine, as command:package, or file:package.
NEEDS = ansible:ansible debootstrap:debootstrap dig:bind9-dnsutils ip:iproute2 iptables:iptables \
	nft:nftables nsenter:util-linux runsv:runit ssh:openssh-client
# What the tests need besides: Debian's etcd, which is older than the one that dnsd embeds; the programs that dnsd is
# measured with and against; its clients; systemd-analyze, which checks its unit; lintian, which checks packages (16 MB in 128 packages); pgrep; curl, for examples of the docs;
# the image registry; and what ansible-test checks a collection with.
TEST_NEEDS = etcd:etcd-server dnsperf:dnsperf knotd:knot nsd:nsd systemd-analyze:systemd taskset:util-linux \
	kdig:knot-dnsutils drill:ldnsutils unbound:unbound haproxy:haproxy prometheus:prometheus \
	busybox:busybox-static curl:curl lintian:lintian gcc:gcc gencat:libc6-dev musl-gcc:musl-tools pgrep:procps docker-registry:docker-registry \
	rsyslogd:rsyslog-gnutls pycodestyle:pycodestyle yamllint:yamllint \
	/usr/lib/python3/dist-packages/voluptuous:python3-voluptuous

.PHONY: build test test-quick bench bench-dns bench-switch bench-overlay fuzz lint lab lab-down demo deps $(PROGRAMS) $(MODULES)
build: $(PROGRAMS) $(MODULES)

# Go itself knows what is up to date.
bin/lab: ; $(BUILD) -o $@ ./internal/lab/cmd/lab
bin/dnsd: ; $(BUILD) -o $@ ./dnsd
$(SUPERVISORS): ; $(BUILD) -o $@ ./supervisor/$(@F)
# grpcnotrace leaves out grpc's debugging pages, which nobody serves: the linker drops a fifth of the program with them.
bin/rundock-store: BUILD += -tags grpcnotrace
# Modules are sent to hosts: SMALL makes them a twentieth smaller, and slower by some hundredths of a millisecond a service.
SMALL = -tags purego -gcflags=rundock/...=-l
$(MODULES): ; GOARCH=$(patsubst linux_%,%,$(notdir $(@D))) $(BUILD) $(SMALL) -o $@ ./modules/$(@F)

# The Ansible collection, with the modules of all architectures and no other program.
.PHONY: collection
collection: $(MODULES)
	rm -f bin/rundock-rundock-*.tar.gz
	$(GO) run ./internal/collection/cmd/collection

# The Debian packages of the programs, for all architectures: 94 MB of programs for each.
DEBS = rundockd rundock-render rundock-stack rundock-store dnsd previewd
DEB_PROGRAMS = $(foreach arch,$(ARCHS),$(DEBS:%=bin/deb/$(arch)/%))
.PHONY: deb $(DEB_PROGRAMS)
bin/deb/%/rundock-store: BUILD += -tags grpcnotrace
$(DEB_PROGRAMS): ; GOARCH=$(notdir $(@D)) $(BUILD) -o $@ ./$(if $(filter dnsd,$(@F)),,supervisor/)$(@F)
deb: $(DEB_PROGRAMS)
	rm -f bin/*.deb
	$(GO) run ./internal/debian/cmd/deb

# The pages as HTML, with a reference of modules, roles and programs.
.PHONY: docs
docs: bin/dnsd $(SUPERVISORS)
	$(GO) run ./internal/docsite/cmd/docsite

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
# The longest come first: each would else be alone at the end.
UNIT     = $(LONGEST) $(shell $(GO) list ./... | grep -v -e /internal/lab -e /internal/e2e)
LONGEST  = rundock/supervisor/previewwork rundock/dnsd rundock/supervisor/balancer rundock/playbooks
# Six packages run at a time, as the longest mostly wait.
test: NEEDS += $(TEST_NEEDS)
test: deps consul dockerd haproxy build lint
	RUNDOCK_SLOW=1 .ci/gotest "unit tests" -count=1 -timeout 60m -p 6 $(UNIT)
	$(LAB_TEST) "lab: the main line" -count=1 -timeout 30m -run '^TestSmoke' ./internal/e2e
	bin/lab down
	RUNDOCK_LAB=1 RUNDOCK_LAB_KEEP=1 .ci/labs Smoke
	$(MAKE) -s lab-down
	$(MAKE) --no-print-directory -j3 -Otarget test-lab test-demo test-fuzz
	bin/lab down

# The page of previews in a real browser, with pictures of it in bin/browser. Debian's chromium is 124 MB to fetch and 414 MB
# to keep, so that make test does without.
.PHONY: test-browser
test-browser: NEEDS += $(TEST_NEEDS) chromium:chromium
test-browser: deps
	.ci/gotest "the page in a browser" -count=1 -timeout 30m -tags browser -run '^TestBrowser' ./supervisor/previewweb

# While working: the unit tests but for the slow ones, and the main line.
test-quick: NEEDS += $(TEST_NEEDS)
test-quick: deps consul dockerd build
	MAY_SKIP=1 .ci/gotest "unit tests but for slow ones" -p 6 $(UNIT)
	$(LAB_TEST) "lab: the main line" -count=1 -timeout 30m -run '^TestSmoke' ./internal/e2e

# Another store for the tests, a Docker of their own, and a newer HAProxy.
.PHONY: consul dockerd haproxy
consul: ; .ci/consul
dockerd: ; .ci/dockerd
haproxy: ; .ci/haproxy

.PHONY: test-lab test-demo test-fuzz
test-lab: ; $(LAB_TEST) "tests of the lab" -count=1 -timeout 60m ./internal/lab ./internal/lab/cmd/... ./internal/lab/testapp
test-demo: ; playbooks/demo/demo.sh
test-fuzz: ; $(MAKE) --no-print-directory fuzz FUZZTIME=20000x

# Benchmarks in a lab of their own, beside which the demo's may stay, on a
# machine that has little else to do: commands, medians, and ratios to a peer in
# the same run. TestBlueGreen has crashes behind two load balancers.
BENCH_LAB = RUNDOCK_LAB_ID=$${RUNDOCK_LAB_ID:-rd}b RUNDOCK_BENCH=1 RUNDOCK_LAB=1 RUNDOCK_LAB_KEEP=1
bench: deps build
	$(BENCH_LAB) $(GO) test -v -count=1 -timeout 60m -run '^(TestBench|TestBlueGreen$$)' ./internal/e2e

# dnsd beside its peers, and with many records and changes: figures, on a quiet machine. ROUNDS and SECONDS (of
# each round) make it longer, ETCD=embedded has another etcd behind, WITHOUT_COREDNS=1 spares building CoreDNS.
SECONDS ?= 2
bench-dns: NEEDS += $(TEST_NEEDS)
bench-dns: deps $(if $(WITHOUT_COREDNS),,bin/bench-coredns)
	$(GO) test -count=1 -run XXX -bench . -benchmem ./dnsd/server ./dnsd/table
	$(GO) test -count=1 -timeout 120m -v ./dnsd/bench -args -earnest -rounds $(or $(ROUNDS),7) -seconds $(SECONDS) $(if $(ETCD),-etcd $(ETCD)) $(if $(WITHOUT_COREDNS),,-coredns $(CURDIR)/bin/bench-coredns)

bin/bench-coredns: dnsd/bench/coredns/main.go dnsd/bench/coredns/go.mod
	cd dnsd/bench/coredns && CGO_ENABLED=0 $(GO) build -trimpath -o $(CURDIR)/$@ .

# Switches behind two load balancers under load, beside a reload of HAProxy and its command set server addr; then
# templates, on etcd, on Consul, and beside consul-template there: figures, on a quiet machine, in half an hour. FLIPS=100
# makes it shorter.
FLIPS ?= 1000
bench-switch: NEEDS += $(TEST_NEEDS)
bench-switch: deps consul bin/bench-consul-template
	RUNDOCK_BENCH=1 FLIPS=$(FLIPS) $(GO) test -count=1 -timeout 90m -v -run '^TestBenchSwitch$$' ./supervisor/balancer
	RUNDOCK_BENCH=1 CONSUL_TEMPLATE=$(CURDIR)/bin/bench-consul-template $(GO) test -count=1 -timeout 60m -v -run '^TestBenchRender$$' ./supervisor/renderer

bin/bench-consul-template: supervisor/renderer/bench/consul-template/go.mod
	cd $(<D) && CGO_ENABLED=0 $(GO) build -trimpath -o $(CURDIR)/$@ github.com/hashicorp/consul-template

# An overlay network beside a kernel that is programmed by hand, its agent from its start on, and hosts of a lab that
# come and go: figures, on a quiet machine. LAB= leaves the lab out.
LAB ?= 1
bench-overlay: NEEDS += $(TEST_NEEDS)
bench-overlay: deps build
	$(GO) test -count=1 -run XXX -bench . -benchmem ./internal/overlay/bench
	$(GO) test -count=1 -timeout 60m -v ./internal/overlay/bench -args -earnest -rounds $(or $(ROUNDS),10) -seconds $(SECONDS)
	$(if $(LAB),$(BENCH_LAB) $(GO) test -v -count=1 -timeout 60m -run '^TestBenchOverlay$$' ./internal/e2e)

# Where 3,000 instances are placed on 60 hosts, and again with nothing to do; how many of 17,174 random cases that can be
# solved are not, which is the test; and, in a lab, deployments beside a docker command for each service, and 40 stacks at
# the same time. LAB= leaves the lab out.
.PHONY: bench-stack
bench-stack: deps build
	RUNDOCK_BENCH=1 $(GO) test -count=1 -v -run '^(TestBench|TestPlan_places_what_can_be_placed)' ./internal/stack/place
	$(if $(LAB),$(BENCH_LAB) $(GO) test -v -count=1 -timeout 90m -run '^TestBenchStack' ./internal/e2e)

# The shipping of logs beside rsyslog: how much of a core 20 MB/s take, and memory.
.PHONY: bench-logs
bench-logs: NEEDS += $(TEST_NEEDS)
bench-logs: deps
	$(GO) test -count=1 -run XXX -bench Ship -benchtime 3x ./supervisor/shipper

# The router of previews beside HAProxy, nginx and kamal-proxy: requests per second of CPU time, and how long they take, with
# 10,000 names; the page of 200 previews, its bytes and its first one; and, in a lab, 50 previews from one loop of calls and
# back, and how long a push takes. Figures, on a quiet machine. LAB= leaves the lab out.
.PHONY: bench-preview
bench-preview: NEEDS += $(TEST_NEEDS) nginx:nginx-light
bench-preview: deps $(if $(LAB),build) bin/bench-kamal-proxy
	RUNDOCK_BENCH=1 KAMAL_PROXY=$(CURDIR)/bin/bench-kamal-proxy $(GO) test -count=1 -timeout 30m -v -run '^TestBenchRouter$$' ./supervisor/previewroute
	$(GO) test -count=1 -v -run '^TestPage_of_200_previews' ./supervisor/previewweb
	$(if $(LAB),$(BENCH_LAB) $(GO) test -v -count=1 -timeout 90m -run '^TestBenchPreviews$$' ./internal/e2e)

bin/bench-kamal-proxy: supervisor/previewroute/bench/kamal-proxy/go.mod
	cd $(<D) && CGO_ENABLED=0 $(GO) build -trimpath -o $(CURDIR)/$@ github.com/basecamp/kamal-proxy/cmd/kamal-proxy

# What the services of many hosts cost etcd by a real rundockd store for each host, and after a kill -9 of etcd; beside
# them a connection for each service; and what certificates cost those who announce. 300 hosts of 50 services take 4 GB of memory. FLAGS="-hosts 100 -services 20" has fewer.
.PHONY: bench-store
bench-store: NEEDS += $(TEST_NEEDS)
bench-store: deps
	$(GO) test -count=1 -timeout 60m -v ./supervisor/storeagent/bench -args -earnest $(FLAGS)

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
	@missing=""; for n in $(NEEDS); do command -v "$${n%%:*}" >/dev/null || [ -e "$${n%%:*}" ] || missing="$$missing $${n##*:}"; done; \
	[ -n "$$missing" ] || exit 0; \
	[ -e $(POLICY) ] || { trap 'rm -f $(POLICY)' EXIT; trap 'exit 1' INT TERM; printf '#!/bin/sh\nexit 101\n' >$(POLICY); chmod 755 $(POLICY); }; \
	set -x; apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing
