# make build: every program of the checkout that there is, static and stripped.
GO      ?= go
GOFLAGS += -trimpath -buildvcs=false
LDFLAGS  = -s -w
BUILD    = CGO_ENABLED=0 $(GO) build $(GOFLAGS) -ldflags "$(LDFLAGS)"

MODULES  = $(patsubst modules/%/,library/%,$(wildcard modules/*/))
PROGRAMS = bin/lab $(if $(wildcard supervisor/rundockd/*.go),bin/rundockd) $(if $(wildcard dnsd/*.go),bin/dnsd)

# What a lab and the playbooks need on this machine, as command:package.
NEEDS = ansible:ansible debootstrap:debootstrap dig:bind9-dnsutils ip:iproute2 iptables:iptables \
	nft:nftables nsenter:util-linux ssh:openssh-client

.PHONY: build lab lab-down demo deps $(PROGRAMS) $(MODULES)
build: $(PROGRAMS) $(MODULES)

# Go itself knows what is up to date.
bin/lab: ; $(BUILD) -o $@ ./internal/lab/cmd/lab
bin/rundockd: ; $(BUILD) -o $@ ./supervisor/rundockd
bin/dnsd: ; $(BUILD) -o $@ ./dnsd
$(MODULES): library/%: ; $(BUILD) -o $@ ./modules/$*

lab: deps bin/lab
	bin/lab up

lab-down: bin/lab
	bin/lab down

demo: deps build
	playbooks/demo/demo.sh

deps:
	@missing=""; for n in $(NEEDS); do command -v "$${n%%:*}" >/dev/null || missing="$$missing $${n##*:}"; done; \
	if [ -n "$$missing" ]; then set -x; apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; fi
