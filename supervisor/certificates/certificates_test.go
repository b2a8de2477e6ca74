package certificates

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/control"
	"rundock/internal/pki"
	"rundock/supervisor/report"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// site is the host that signs, and one that asks.
type site struct {
	*testing.T
	signer, node host
}

func newSite(t *testing.T) *site {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("keys are root's: only root can give them their group")
	}
	dir := t.TempDir()
	h := host{dir: filepath.Join(dir, "pki"), authority: filepath.Join(dir, "ca"), now: start}
	return &site{t, h, h}
}

// do has h do q as a module has it: by way of JSON.
func (s *site) do(h host, q control.CertRequest) control.CertResponse {
	s.Helper()
	q.Version = control.Version
	in, err := json.Marshal(q)
	if err != nil {
		s.Fatal(err)
	}
	var out bytes.Buffer
	if code := h.answer(bytes.NewReader(in), &out); code != 0 {
		s.Fatalf("%+v: exit code %d", q, code)
	}
	var r control.CertResponse
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		s.Fatal(err)
	}
	if strings.Contains(out.String(), "PRIVATE KEY") {
		s.Errorf("%s: a key is in the answer: %s", q.Op, out.String())
	}
	return r
}

func (s *site) must(h host, q control.CertRequest, actions ...string) control.CertResponse {
	s.Helper()
	r := s.do(h, q)
	if r.Error != "" || !slices.Equal(r.Actions, actions) {
		s.Fatalf("%s: error %q, actions %q, want %q", q.Op, r.Error, r.Actions, actions)
	}
	return r
}

func (s *site) refuses(h host, q control.CertRequest, want string) {
	s.Helper()
	before := s.files()
	if r := s.do(h, q); !strings.Contains(r.Error, want) {
		s.Errorf("%s: error %q, want %q", q.Op, r.Error, want)
	}
	if after := s.files(); !maps.Equal(before, after) {
		s.Errorf("%s is refused, and yet changes files: %q, before %q", q.Op, after, before)
	}
}

// files are all files of the site with mode and content.
func (s *site) files() map[string]string {
	all := map[string]string{}
	filepath.WalkDir(filepath.Dir(s.node.dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			info, _ := d.Info()
			data, _ := os.ReadFile(path)
			all[path] = info.Mode().String() + string(data)
		}
		return nil
	})
	return all
}

var (
	client = control.Certificate{Name: "host", Subject: "host:node-1", Profile: "client"}
	member = control.Certificate{Name: "etcd", Subject: "etcd:node-1", Profile: "peer", Names: []string{"node-1", "10.0.0.1"}, Group: "daemon"}
)

// install has certificates asked for, signed and installed; the node's clock may
// differ from the signer's.
func (s *site) install(wanted ...control.Certificate) control.CertResponse {
	s.Helper()
	authority := s.do(s.signer, control.CertRequest{Op: control.CertAuthority, Title: "test"}).Authority
	ask := control.CertRequest{Op: control.CertPresent, Authority: authority, Certificates: wanted}
	asked := s.do(s.node, ask)
	if asked.Error != "" {
		s.Fatal(asked.Error)
	}
	ask.Issued = s.signed(asked, wanted...)
	return s.do(s.node, ask)
}

func (s *site) signed(asked control.CertResponse, wanted ...control.Certificate) map[string]string {
	s.Helper()
	var requests []control.Signing
	for _, c := range wanted {
		if r := asked.Requests[c.Name]; r != "" {
			requests = append(requests, control.Signing{Host: "node-1", Certificate: c, Request: r})
		}
	}
	r := s.do(s.signer, control.CertRequest{Op: control.CertSign, Requests: requests})
	if r.Error != "" {
		s.Fatal(r.Error)
	}
	return r.Issued["node-1"]
}

// A host's certificates from nothing to nothing: each step in check mode first,
// and once more.
func TestCertificates(t *testing.T) {
	s := newSite(t)
	defer syscall.Umask(syscall.Umask(0o077)) // as modules are run
	make := control.CertRequest{Op: control.CertAuthority, Title: "rundock s.example.com"}
	steps := func(h host, q control.CertRequest, actions ...string) control.CertResponse {
		t.Helper()
		before := s.files()
		q.Check = true
		s.must(h, q, actions...)
		if after := s.files(); !maps.Equal(before, after) {
			t.Errorf("check of %s changes files", q.Op)
		}
		q.Check = false
		return s.must(h, q, actions...)
	}
	made := steps(s.signer, make, "authority made")
	if again := steps(s.signer, make); again.Authority != made.Authority {
		t.Error("the second call makes another authority")
	}
	ask := control.CertRequest{Op: control.CertPresent, Authority: made.Authority, Certificates: []control.Certificate{client, member}}
	asked := steps(s.node, ask, "authority's certificate installed", "key host made", "certificate host asked for: there is none",
		"key etcd made", "certificate etcd asked for: there is none")
	steps(s.node, ask, "certificate host asked for: there is none", "certificate etcd asked for: there is none")
	ask.Issued = s.signed(asked, client, member)
	steps(s.node, ask, "certificate host installed: there is none", "certificate etcd installed: there is none")
	steps(s.node, ask)
	ask.Issued = nil
	if r := steps(s.node, ask); len(r.Requests) > 0 || len(r.Diff) > 0 {
		t.Errorf("what is well is asked for: %+v", r)
	}
	for file, want := range map[string]struct {
		mode fs.FileMode
		gid  uint32
	}{"pki/host.key": {0o600, 0}, "pki/etcd.key": {0o640, 1}, "pki/host.crt": {0o644, 0}, "pki/ca.crt": {0o644, 0}, "ca/ca.key": {0o600, 0}, "ca": {0o700, 0}, "pki": {0o755, 0}} {
		info, err := os.Stat(filepath.Join(filepath.Dir(s.node.dir), file))
		if err != nil || info.Mode().Perm() != want.mode || info.Sys().(*syscall.Stat_t).Gid != want.gid {
			t.Errorf("%s: %v %v, want %v and group %d", file, info, err, want.mode, want.gid)
		}
	}
	os.Chmod(filepath.Join(s.node.dir, "etcd.key"), 0o666)
	steps(s.node, ask, "key etcd given its group and mode")
	gone := control.CertRequest{Op: control.CertAbsent, Certificates: []control.Certificate{{Name: "etcd"}, {Name: "host"}}}
	steps(s.node, gone, "certificate etcd removed", "certificate host removed")
	steps(s.node, gone)
}

func TestPresent_renews_for_these_reasons_alone(t *testing.T) {
	for _, c := range []struct {
		claim  string
		change func(s *site, want *control.Certificate)
		reason string
	}{
		{"nothing", func(*site, *control.Certificate) {}, ""},
		{"a third of its life", func(s *site, _ *control.Certificate) { s.node.now = start.Add(year / 3) }, ""},
		{"half its life", func(s *site, _ *control.Certificate) { s.node.now = start.Add(year/2 + day) }, "half its life is over"},
		{"its end", func(s *site, _ *control.Certificate) { s.node.now = start.Add(year + day) }, "it ended on 2027-03-01 12:00 UTC, and the clock here says 2027-03-02 12:00 UTC"},
		{"another address", func(_ *site, want *control.Certificate) { want.Names = []string{"node-1", "10.0.0.2"} }, "it is for 10.0.0.1, node-1, want 10.0.0.2, node-1"},
		{"another authority", func(s *site, _ *control.Certificate) { os.RemoveAll(s.signer.authority) }, `it is signed by "test", which is no authority of this site`},
		{"a file that is none", func(s *site, _ *control.Certificate) {
			os.WriteFile(filepath.Join(s.node.dir, "etcd.crt"), []byte("x"), 0o644)
		}, "it cannot be read: no PEM certificate in it"},
		{"a key that is gone", func(s *site, _ *control.Certificate) { os.Remove(filepath.Join(s.node.dir, "etcd.key")) }, "its key is gone"},
	} {
		s := newSite(t)
		if r := s.install(member); r.Error != "" {
			t.Fatal(r.Error)
		}
		key, _ := os.ReadFile(filepath.Join(s.node.dir, "etcd.key"))
		want := member
		c.change(s, &want)
		s.signer.now = s.node.now
		authority := s.do(s.signer, control.CertRequest{Op: control.CertAuthority, Title: "other"}).Authority
		ask := control.CertRequest{Op: control.CertPresent, Authority: authority, Certificates: []control.Certificate{want}}
		r := s.do(s.node, ask)
		asked := slices.ContainsFunc(r.Actions, func(a string) bool { return a == "certificate etcd asked for: "+c.reason })
		if r.Error != "" || asked != (c.reason != "") {
			t.Errorf("%s: error %q, actions %q, want the reason %q", c.claim, r.Error, r.Actions, c.reason)
		}
		if asked {
			ask.Issued = s.signed(r, want)
			s.must(s.node, ask, "certificate etcd installed: "+strings.Replace(c.reason, "its key is gone", "it is of another key", 1))
		}
		s.must(s.node, ask)
		now, _ := os.ReadFile(filepath.Join(s.node.dir, "etcd.key"))
		if same := bytes.Equal(key, now); same != (c.claim != "a key that is gone") {
			t.Errorf("%s: the key is the same: %v", c.claim, same)
		}
	}
}

// What cannot be right is named, and no file changes.
func TestRefuses(t *testing.T) {
	s := newSite(t)
	s.refuses(s.signer, control.CertRequest{Op: control.CertSign}, "no such file")
	s.refuses(s.signer, control.CertRequest{Op: control.CertAuthority}, "there is none, and no title to make one by")
	if r := s.install(client, member); r.Error != "" {
		t.Fatal(r.Error)
	}
	good := control.CertRequest{Op: control.CertPresent, Authority: s.do(s.signer, control.CertRequest{Op: control.CertAuthority}).Authority}
	for _, c := range []struct {
		change func(*control.Certificate)
		want   string
	}{
		{func(c *control.Certificate) { c.Name = "../x" }, "certificate ../x: name: want lower-case"},
		{func(c *control.Certificate) { c.Name = "ca" }, `and not ca`},
		{func(c *control.Certificate) { c.Profile = "root" }, `certificate etcd: profile "root"`},
		{func(c *control.Certificate) { c.Names = nil }, "certificate etcd: names: a peer has at least one"},
		{func(c *control.Certificate) { c.Group = "nobodys" }, "certificate etcd: group nobodys: there is no such group on the host"},
	} {
		wrong := member
		c.change(&wrong)
		q := good
		q.Certificates = []control.Certificate{{Name: "new", Subject: "x", Profile: "client"}, wrong}
		s.refuses(s.node, q, c.want)
	}
	q := good
	q.Authority = "x"
	s.refuses(s.node, q, "authority: no PEM certificate in it")
	s.refuses(s.node, control.CertRequest{Op: control.CertAbsent, Certificates: []control.Certificate{{Name: "host"}, {Name: "ca"}}}, "and not ca")
	s.refuses(s.node, control.CertRequest{Op: "steal"}, `unknown op "steal"`)

	// A certificate of another host's key, and one that a clock a day off would not take.
	other := newSite(t)
	other.install(client)
	theirs, _ := os.ReadFile(filepath.Join(other.node.dir, "host.crt"))
	moved := client
	moved.Subject = "host:node-2"
	q = good
	q.Certificates, q.Issued = []control.Certificate{moved}, map[string]string{"host": string(theirs)}
	s.refuses(s.node, q, "certificate host: what was signed is of another key than this host's")
	q.Issued = nil
	q.Issued = s.signed(s.do(s.node, q), moved)
	s.node.now = start.Add(-day)
	s.refuses(s.node, q, "certificate host: what was signed is not taken: it begins on 2026-03-01 11:50 UTC, and the clock here says 2026-02-28 12:00 UTC")

	s.signer.now = start.Add(11 * year)
	s.refuses(s.signer, control.CertRequest{Op: control.CertSign}, "it ended on 2036-02-27 12:00 UTC")
	os.Remove(filepath.Join(s.signer.authority, authorityKey))
	s.refuses(s.signer, control.CertRequest{Op: control.CertAuthority, Title: "x"}, "of ca.crt and ca.key one is missing: restore it from the backup")
}

// One request that is wrong has none of them signed.
func TestSign_names_the_host(t *testing.T) {
	s := newSite(t)
	authority := s.do(s.signer, control.CertRequest{Op: control.CertAuthority, Title: "test"}).Authority
	asked := s.do(s.node, control.CertRequest{Op: control.CertPresent, Authority: authority, Certificates: []control.Certificate{client}})
	q := control.CertRequest{Op: control.CertSign, Requests: []control.Signing{
		{Host: "node-1", Certificate: client, Request: asked.Requests["host"]},
		{Host: "node-2", Certificate: client, Request: "x"},
	}}
	if r := s.do(s.signer, q); r.Error != "certificate host of node-2: request: no PEM certificate request in it" || len(r.Issued) > 0 {
		t.Errorf("error %q, issued %v", r.Error, r.Issued)
	}
}

func TestStatus(t *testing.T) {
	s := newSite(t)
	if rows, err := s.node.rows(); err != nil || len(rows) > 0 {
		t.Errorf("a host without any: %v, %v", rows, err)
	}
	s.install(client, member)
	states := func() (all []string) {
		t.Helper()
		rows, err := s.node.rows()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			all = append(all, r.Name+": "+string(r.State))
		}
		return all
	}
	want := func(claim string, list ...string) {
		t.Helper()
		if got := states(); !slices.Equal(got, list) {
			t.Errorf("%s: %q, want %q", claim, got, list)
		}
	}
	want("new", "ca: valid", "etcd: valid", "host: valid")
	s.node.now = start.Add(year - 59*day)
	want("59 days before the end", "ca: valid", "etcd: ends soon", "host: ends soon")
	s.node.now = start.Add(year + day)
	want("after it", "ca: valid", "etcd: expired", "host: expired")
	s.node.now = start
	os.Remove(filepath.Join(s.node.dir, "etcd.key"))
	os.WriteFile(filepath.Join(s.node.dir, "host.crt"), []byte("x"), 0o644)
	want("damaged", "ca: valid", "etcd: without key", "host: unreadable")
	rows, err := s.node.rows()
	if err != nil {
		t.Fatal(err)
	}
	const remarks = "certificate etcd, without key: its key is missing, or of another certificate; site.yml makes another one\n" +
		"certificate host, unreadable: it cannot be read: no PEM certificate in it; site.yml makes another one\n"
	if got := Remarks(rows); got != remarks || ExitCode(rows) != report.ExitWrong || ExitCode(rows[:1]) != report.ExitWell || ExitCode(nil) != report.ExitWell {
		t.Errorf("remarks %q, want %q; exit codes %d, %d, %d", got, remarks, ExitCode(rows), ExitCode(rows[:1]), ExitCode(nil))
	}
	a, err := pki.NewAuthority("other", start)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(s.node.dir, "ca.crt"), pki.Bundle(a.Cert), 0o644)
	want("another authority", "ca: valid", "etcd: foreign", "host: unreadable")
}
