package main

import (
	"testing"

	"rundock/dnsd/forward"
	"rundock/dnsd/settings"
)

func TestALookFailsForAStubThatIsNoZone(t *testing.T) {
	s := settings.Settings{Prefix: "/skydns", Stubs: []forward.Stub{{Zone: "a..b."}}}
	const want = `--stub: zone "a..b.": not a DNS name`
	if _, err := newView(s, nil, 1); err == nil || err.Error() != want {
		t.Errorf("it fails with %v, want %s", err, want)
	}
}
