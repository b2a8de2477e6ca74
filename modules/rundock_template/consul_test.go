package main

import (
	"fmt"
	"testing"

	"rundock/internal/await"
	"rundock/internal/registry/consultest"
)

// A file follows Consul as it does etcd, and one that a wrong token lets nobody
// make anew stays.
func TestConsul(t *testing.T) {
	m := onHost(t)
	const secret = "e95b599e-166e-7d80-08ad-aee76e7ddf19"
	consul := consultest.Start(t, consultest.WithACL(secret))
	consul.Put(secret, "colour", "blue")
	consul.Put(secret, "skydns/com/example/s/web/node-1", `{"host":"10.0.0.1","port":80}`)
	m.Write("/etc/rundock/token", secret)
	m.Reconfigure(fmt.Sprintf(`{"version":1,"host":"node-1","domain":"example.com","label":"s","consul":{"address":%q,"token_file":"/etc/rundock/token"}}`, consul.URL))
	m.Apply(web, "definition written", "renderer installed", "renderer enabled", "file replaced")
	consul.Put(secret, "colour", "green")
	const want = "# green\n10.0.0.1:80\n"
	await.True(t, "the file follows", func() bool { return m.Text("/etc/web/web.conf") == want })
	m.Write("/etc/rundock/token", "11111111-166e-7d80-08ad-aee76e7ddf19")
	m.Refuses(with(web, args{"content": "other", "wait_timeout": 1}), "consul: ACL not found")
	if got := m.Text("/etc/web/web.conf"); got != want {
		t.Errorf("the file has %q, want it as before", got)
	}
}
