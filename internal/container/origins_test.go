package container

import (
	"maps"
	"slices"
	"testing"
	"time"

	"rundock/internal/spec"
)

// TestOrigins: what becomes of a container when something that it was made
// from is another thing.
func TestOrigins(t *testing.T) {
	began := time.Unix(1_790_000_000, 5)
	in := func(what spec.Shared, id string, started time.Time) Partner {
		return Partner{spec.Share{What: what, With: "web"}, id, !started.IsZero(), started}
	}
	made := func(p ...Partner) Origins {
		return Origins{Addresses: "PRIVATE_IP=10.0.0.7", Resolver: "10.0.0.7", Partners: p}
	}
	for claim, c := range map[string]struct {
		was, now Origins
		forgets  string // label that an earlier release did not give
		changed  string
		away     string
	}{
		"nothing":         {was: made(), now: made()},
		"another address": {was: made(), now: Origins{Addresses: "PRIVATE_IP=10.0.0.9", Resolver: "10.0.0.9"}, changed: "it was made for PRIVATE_IP=10.0.0.7, and now that is PRIVATE_IP=10.0.0.9"},
		"another resolver": {
			was: Origins{Resolver: "10.0.0.7"}, now: Origins{Resolver: "10.0.0.9"},
			changed: "it was given 10.0.0.7 as resolver, and now that is 10.0.0.9",
		},
		"a resolver that an earlier release gave": {was: Origins{Resolver: "10.0.0.7"}, now: Origins{Resolver: "10.0.0.9"}, forgets: LabelResolver},
		"host.json names the host by its address": {was: Origins{Resolver: "10.0.0.7"}, now: Origins{}},
		"host.json names the host as private":     {was: Origins{}, now: Origins{Resolver: "10.0.0.7"}},
		"a partner that is the same":              {was: made(in("network", "a1", began)), now: made(in("network", "a1", began))},
		"a network of another container": {
			was: made(in("network", "a1", began)), now: made(in("network", "b2", began)),
			changed: "container web, whose network it is in, is another one now",
		},
		"a network of a container that was started again": {
			was: made(in("network", "a1", began)), now: made(in("network", "a1", began.Add(time.Second))),
			changed: "container web, whose network it is in, was started again",
		},
		"an IPC namespace": {
			was: made(in("ipc", "a1", began)), now: made(in("ipc", "a1", began.Add(1))),
			changed: "container web, whose IPC namespace it is in, was started again",
		},
		"a PID namespace": {
			was: made(in("pid", "a1", began)), now: made(in("pid", "b2", began)),
			changed: "container web, whose PID namespace it is in, is another one now",
		},
		"volumes of another container": {
			was: made(in("volumes", "a1", began)), now: made(in("volumes", "b2", began)),
			changed: "container web, whose volumes it has, is another one now",
		},
		"volumes outlive a start":          {was: made(in("volumes", "a1", began)), now: made(in("volumes", "a1", began.Add(1)))},
		"volumes of one that does not run": {was: made(in("volumes", "a1", began)), now: made(in("volumes", "a1", time.Time{}))},
		"the second of two partners": {
			was: made(in("network", "a1", began), in("volumes", "a1", began)), now: made(in("network", "a1", began), in("volumes", "b2", began)),
			changed: "container web, whose volumes it has, is another one now",
		},
		"a partner that does not run is waited for": {
			was: made(in("network", "a1", began)), now: made(in("network", "b2", time.Time{})),
			away: "container web, whose network it is in, does not run",
		},
		"a partner that has gone is waited for": {
			was: made(in("volumes", "a1", began)), now: made(in("volumes", "", time.Time{})),
			away: "container web, whose volumes it has, is not there",
		},
		"a partner that an earlier release did not note": {was: made(in("network", "a1", began)), now: made(in("network", "b2", began)), forgets: LabelPartners},
	} {
		t.Run(claim, func(t *testing.T) {
			labels := maps.Clone(c.was.labels())
			delete(labels, c.forgets)
			if got := c.now.Changed(labels); got != c.changed {
				t.Errorf("changed: %q, want %q", got, c.changed)
			}
			if got := c.now.MissingPartner(); got != c.away {
				t.Errorf("away: %q, want %q", got, c.away)
			}
		})
	}
}

func TestOrigins_are_all_on_the_container(t *testing.T) {
	cfg, _, err := configs(spec.Container{Image: "web"}, Options{Service: "web", Hash: "1", Deployment: "d"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{LabelAddresses, LabelDeployment, LabelPartners, LabelResolver, LabelService, LabelSpec}
	if got := slices.Sorted(maps.Keys(cfg.Labels)); !slices.Equal(got, want) {
		t.Errorf("labels %v, want %v", got, want)
	}
}
