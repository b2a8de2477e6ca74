package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"rundock/internal/moduletest"
)

func TestMain(m *testing.M) {
	moduletest.Programs = []string{"../../supervisor/rundockd"}
	moduletest.Main(m)
}

type args = map[string]any

func newHost(t *testing.T) moduletest.Caller {
	t.Helper()
	if !moduletest.InHost {
		t.Skip("needs a host of its own: " + moduletest.WhyNoHost)
	}
	if out, err := exec.Command("sh", "-ec", "mkdir /etc/rundock; cp "+moduletest.Program("rundockd")+" /usr/local/bin/").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return moduletest.Caller{T: t, Module: moduletest.Program("rundock_cert"), Watched: []string{"/etc/rundock"}}
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// One host that has the authority and asks it.
func TestCertificate_from_nothing_to_nothing(t *testing.T) {
	h := newHost(t)
	_, made := h.Apply(args{"state": "authority", "title": "rundock s.example.com"}, "authority made")
	if len(made.Diff) != 2 || strings.Contains(made.Raw, "PRIVATE KEY") || !strings.Contains(made.Raw, "secret content") {
		t.Errorf("the diff tells a key, or too little: %s", made.Raw)
	}
	wanted := args{"name": "etcd", "subject": "etcd:node-1", "profile": "peer", "names": []string{"node-1", "10.0.0.1"}, "group": "daemon"}
	present := args{"authority": made.Values["authority"], "certificates": []any{wanted}}
	planned := h.Call(present, "check_mode")
	asked := h.Call(present)
	request, _ := asked.Values["requests"].(args)["etcd"].(string)
	if asked.Failed || request == "" || strings.Join(planned.Actions, ";") != strings.Join(asked.Actions, ";") ||
		strings.Join(asked.Actions, ";") != "authority's certificate installed;key etcd made;certificate etcd asked for: there is none" {
		t.Fatalf("asked: %s\ncheck: %s", asked.Raw, planned.Raw)
	}
	signing := args{"host": "node-1", "request": request}
	for k, v := range wanted {
		signing[k] = v
	}
	signed := h.Call(args{"state": "signed", "requests": []any{signing}})
	if signed.Failed || strings.Join(signed.Actions, ";") != "certificate etcd of node-1 signed" {
		t.Fatalf("signed: %s", signed.Raw)
	}
	present["issued"] = signed.Values["issued"].(args)["node-1"]
	_, done := h.Apply(present, "certificate etcd installed: there is none")
	if len(done.Diff) != 1 || !strings.HasPrefix(done.Diff[0].After, `subject etcd:node-1, for ["10.0.0.1" "node-1"], by rundock s.example.com, until 20`) {
		t.Errorf("diff = %+v", done.Diff)
	}
	out, err := exec.Command("/usr/local/bin/rundockd", "cert", "status").CombinedOutput()
	if fields := strings.Fields(string(out)); err != nil || len(fields) != 9 || fields[6] != "etcd" || fields[7] != "valid" {
		t.Errorf("rundockd cert status: %v\n%s", err, out)
	}
	openssl, err := exec.Command("openssl", "verify", "-x509_strict", "-CAfile", "/etc/rundock/pki/ca.crt", "/etc/rundock/pki/etcd.crt").CombinedOutput()
	if err != nil {
		t.Errorf("openssl does not take the certificate: %v\n%s", err, openssl)
	}

	status := func() (int, string) {
		t.Helper()
		cmd := exec.Command("/usr/local/bin/rundockd", "status")
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}
	if code, out := status(); code == 3 || strings.Contains(out, "certificate") {
		t.Errorf("of certificates that are well, rundockd status says with exit code %d: %s", code, out)
	}
	good := text(t, "/etc/rundock/pki/etcd.crt")
	if err := os.WriteFile("/etc/rundock/pki/etcd.crt", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out := status(); code != 3 || !strings.Contains(out, "certificate etcd, unreadable: it cannot be read: no PEM certificate in it; site.yml makes another one\n") {
		t.Errorf("of a damaged one, rundockd status says with exit code %d: %s", code, out)
	}
	if err := os.WriteFile("/etc/rundock/pki/etcd.crt", []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}

	key := text(t, "/etc/rundock/pki/etcd.key")
	wanted["names"] = []string{"node-1", "10.0.0.2"}
	delete(present, "issued")
	again := h.Call(present)
	if strings.Join(again.Actions, ";") != "certificate etcd asked for: it is for 10.0.0.1, node-1, want 10.0.0.2, node-1" {
		t.Errorf("another address: %s", again.Raw)
	}
	if text(t, "/etc/rundock/pki/etcd.key") != key {
		t.Error("the key is another one")
	}
	h.Apply(args{"state": "absent", "certificates": []any{args{"name": "etcd"}}}, "certificate etcd removed")
}

// What is wrong is named, and no file changes.
func TestRefuses(t *testing.T) {
	h := newHost(t)
	made := h.Call(args{"state": "authority", "title": "test"})
	with := func(name string, value any) args {
		c := args{"name": "host", "subject": "host:node-1", "profile": "client"}
		c[name] = value
		return args{"authority": made.Values["authority"], "certificates": []any{c}}
	}
	for _, c := range []struct {
		given args
		want  string
	}{
		{args{}, "state is present but all of the following are missing: certificates"},
		{args{"state": "signed"}, "requests"},
		{args{"state": "absent"}, "certificates"},
		{with("name", "ca"), "certificate ca: name: want lower-case letters, digits and hyphens, and not ca"},
		{with("profile", "root"), "profile must be one of: client, server, peer"},
		{with("names", []string{"x"}), "a client has none"},
		{with("subject", ""), `certificate host: subject ""`},
		{with("group", "nobodys"), "group nobodys: there is no such group"},
		{with("mode", "0644"), "keys are root's; say group"},
		{with("sans", "x"), "say names, a list"},
		{args{"authority": "x", "certificates": []any{}}, "authority: no PEM certificate in it"},
		{args{"state": "signed", "requests": []any{args{"host": "node-1", "name": "host", "subject": "s", "profile": "client", "request": "x"}}}, "certificate host of node-1: request: no PEM certificate request in it"},
	} {
		h.Refuses(c.given, c.want)
	}
	if err := os.Remove("/usr/local/bin/rundockd"); err != nil {
		t.Fatal(err)
	}
	h.Refuses(args{"state": "authority"}, "rundockd is not installed")
}
