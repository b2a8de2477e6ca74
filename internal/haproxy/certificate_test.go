package haproxy_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/haproxy"
	"rundock/internal/haproxy/haproxytest"
)

func TestRenewCertificate_takes_a_new_file_without_a_reload(t *testing.T) {
	server, front, path := haproxytest.New(t), haproxytest.Address(), filepath.Join(t.TempDir(), "site.pem")
	haproxytest.Certificate(t, path, "one.example.com")
	s := settings(t, `{"version": 1, "frontends": [{"name": "web", "bind": ["`+front+`"], "certificates": ["`+path+`"], "service": "shop"}]}`)
	server.Write(s, map[string]haproxy.Route{"shop": {Backend: "shop"}})
	server.Start()
	server.Answers(haproxy.Topology(s, server.Site))
	renew := func(want bool) {
		t.Helper()
		for _, file := range s.CertificateFiles() {
			if renewed, err := server.Socket().RenewCertificate(file); err != nil || renewed != want {
				t.Errorf("RenewCertificate = %t, %v; want %t", renewed, err, want)
			}
		}
	}
	serves := func(name string) {
		t.Helper()
		conn, err := tls.Dial("tcp", front, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if got := conn.ConnectionState().PeerCertificates[0].Subject.CommonName; got != name {
			t.Errorf("HAProxy serves the certificate of %s, want %s", got, name)
		}
	}
	renew(false)
	serves("one.example.com")
	haproxytest.Certificate(t, path, "two.example.com")
	renew(true)
	serves("two.example.com")
	renew(false)

	good, _ := os.ReadFile(path)
	haproxytest.Certificate(t, path, "three.example.com")
	other, _ := os.ReadFile(path)
	cut := func(data []byte, from string) string { return string(data)[strings.Index(string(data), from):] }
	mixed := string(other)[:strings.Index(string(other), "-----BEGIN PRIVATE")] + cut(good, "-----BEGIN PRIVATE")
	for text, want := range map[string]string{mixed: "inconsistencies between private key and certificate", "nothing": "certificate " + path + ": it has no certificate"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := server.Socket().RenewCertificate(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("RenewCertificate: %v, want %s", err, want)
		}
		serves("two.example.com")
	}
}
