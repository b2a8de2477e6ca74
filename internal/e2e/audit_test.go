package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// found is a finding of an audit.
type found struct{ ID, Subject string }

// plainSite is what of a lab's hosts is left: they are of a site without certificates.
const plainSite = `{"id": "RD-10", "reason": "the site has no certificates"}, {"id": "2.5", "reason": "nor has its image registry"}`

// audited are the findings of an audit of a host, as ID SUBJECT, and all that it said.
func (s *setup) audited(t *testing.T, host, args string) (all []string, said string) {
	t.Helper()
	r := s.call(t, host, "rundock_audit", args)
	var values struct{ Findings []found }
	if err := json.NewDecoder(strings.NewReader(r.answer)).Decode(&values); err != nil || r.Failed || r.Changed {
		t.Fatalf("audit of %s: %v: %+v", host, err, r)
	}
	for _, f := range values.Findings {
		all = append(all, f.ID+" "+f.Subject)
	}
	slices.Sort(all)
	return all, r.answer
}

// TestSmoke_audit has a host that site.yml made be found well, and one that is loosened by hand be
// found as loose as that.
func TestSmoke_audit(t *testing.T) {
	s := need(t)
	const accepted = `{"accepted": [` + plainSite + `]}`
	for _, host := range []string{front, back1, back2} {
		if all, said := s.audited(t, host, accepted); len(all) > 0 {
			t.Errorf("of %s, as site.yml has made it, an audit finds %q:\n%s", host, all, said)
		}
	}

	t.Cleanup(func() {
		s.sh(t, back1, "docker rm -f tools; chmod 600 /root/.docker/config.json /etc/rundock/loose.key; rm -f /etc/rundock/loose.key /run/loose/docker-registry; kill $(cat /run/loose/pid); rm -r /run/loose")
	})
	s.sh(t, back1, `echo key >/etc/rundock/loose.key; chmod 644 /etc/rundock/loose.key
		docker run -d --name tools --cap-add NET_ADMIN --network none --read-only -m 64m --pids-limit 50 --cpu-shares 128 --security-opt no-new-privileges --health-cmd true --log-opt max-size=1m `+images+`busybox:latest sleep 100000
		mkdir -p /run/loose; cp $(readlink -f $(command -v docker-registry)) /run/loose/docker-registry
		printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: /run/loose/data}}\nhttp: {addr: "0.0.0.0:5055"}\n' >/run/loose/registry.yml
		cd /run/loose; setsid ./docker-registry serve registry.yml >/dev/null 2>&1 & echo $! >/run/loose/pid
		until ss -lnt | grep -q :5055; do sleep 0.1; done`)
	all, said := s.audited(t, back1, accepted)
	if want := []string{"5.4 container tools", "RD-1 /etc/rundock/loose.key", "RD-7 [::]:5055"}; !slices.Equal(all, want) {
		t.Errorf("of a host that is loosened by hand an audit finds %q, want %q:\n%s", all, want, said)
	}

	reports := t.TempDir()
	out, err := s.playbook("playbooks/audit.yml", "--limit", back1, "-e", "rundock_audit_fail_on=high", "-e", "rundock_audit_report="+reports)
	if err == nil || !strings.Contains(out, "rundock_audit_fail_on is high") || !strings.Contains(out, "it has NET_ADMIN") {
		t.Errorf("audit.yml is content with it, or does not say what it found: %v\n%s", err, out)
	}
	var log struct{ Version string }
	data, err := os.ReadFile(filepath.Join(reports, back1+".sarif"))
	if err == nil {
		err = json.Unmarshal(data, &log)
	}
	if err != nil || log.Version != "2.1.0" {
		t.Errorf("the report of %s: %v, version %q", back1, err, log.Version)
	}
}
