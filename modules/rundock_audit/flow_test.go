package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"rundock/internal/hostconfig"
	"rundock/internal/moduletest/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, "../rundock") }

type args = map[string]any

// findings are those of a result, as ID SUBJECT.
func findings(values map[string]any, list string) (all []string) {
	some, _ := values[list].([]any)
	for _, f := range some {
		one := f.(map[string]any)
		all = append(all, fmt.Sprint(one["id"], " ", one["subject"]))
	}
	return all
}

func TestAudit_of_a_host_without_Docker(t *testing.T) {
	h := storetest.New(t, "rundock_audit")
	h.Sh("sh", "-ec", "mkdir -p /etc/rundock/pki /etc/docker; echo key >/etc/rundock/pki/host.key; chmod 644 /etc/rundock/pki/host.key; echo '{' >/etc/docker/daemon.json")
	given := args{"accepted": []any{args{"id": "RD-8", "reason": "tried without one"}, args{"id": "5.5", "reason": "there is none"}}, "sarif": true}
	before := h.State()
	a := h.Call(given)
	if a.Failed || a.Changed {
		t.Fatal(a.Raw)
	}
	found := findings(a.Values, "findings")
	for _, want := range []string{"RD-1 /etc/rundock/pki/host.key", "5.5 the check itself", "2.7 the check itself", "2.15 the check itself"} {
		if !slices.Contains(found, want) {
			t.Errorf("it does not find %s: %q", want, found)
		}
	}
	if !slices.Equal(findings(a.Values, "accepted"), []string{"RD-8 packet filter"}) {
		t.Errorf("accepted is %q, want the packet filter alone: what nobody could look at is not", findings(a.Values, "accepted"))
	}
	if len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "5.5 accepts nothing") {
		t.Errorf("warnings are %q", a.Warnings)
	}
	for _, want := range []string{"daemon.json is not a JSON object", "docker.sock"} {
		if !strings.Contains(a.Raw, want) {
			t.Errorf("it does not say %q: %s", want, a.Raw)
		}
	}
	if log, _ := a.Values["sarif"].(map[string]any); log["version"] != "2.1.0" {
		t.Errorf("sarif is %v", a.Values["sarif"])
	}
	for name, was := range before {
		if is := h.State()[name]; is != was {
			t.Errorf("it has changed %s", name)
		}
	}

	h.Refuses(args{"fail_on": "high"}, "fail_on is high")
	if a := h.Call(args{"fail_on": "high"}); len(findings(a.Values, "findings")) == 0 {
		t.Errorf("a task that fails does not say of what: %s", a.Raw)
	}
	h.Refuses(args{"accepted": []any{args{"id": "RD-8", "reason": " "}}}, "RD-8 has no reason")
	h.Refuses(args{"accepted": []any{args{"id": "9.9", "reason": "x"}}}, "there is no check 9.9")
	h.Refuses(args{"accepted": []any{args{"id": "RD-8"}}}, "reason")
	h.Refuses(args{"scanner": args{"command": []any{}}}, "no command")
	h.Refuses(args{"fail_on": "worse"}, "fail_on")
	h.Refuses(args{"report": "/tmp/x"}, "writes no file")
	if err := os.Remove(hostconfig.Program); err != nil {
		t.Fatal(err)
	}
	h.Refuses(args{}, "the host is not prepared")
}

func TestAudit_knows_programs_by_their_hashes(t *testing.T) {
	h := storetest.New(t, "rundock_audit")
	sum, _, _ := strings.Cut(h.Sh("sha256sum", hostconfig.Program), " ")
	programs := func(hash string) []string {
		return findings(h.Call(args{"programs": args{"rundockd": hash}}).Values, "findings")
	}
	const found = "RD-14 /usr/local/bin/rundockd"
	if all := programs(sum); slices.Contains(all, found) {
		t.Errorf("%q of the program that is to be", all)
	}
	if all := programs(strings.Repeat("0", 64)); !slices.Contains(all, found) {
		t.Errorf("%q of another program", all)
	}
}
