package haproxy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/haproxy"
	"rundock/internal/haproxy/haproxytest"
)

func TestConfig_is_valid_for_HAProxy(t *testing.T) {
	for name, text := range map[string]string{"one": haproxy.SettingsOne, "full": haproxy.SettingsFull} {
		dir := t.TempDir()
		path := filepath.Join(dir, "site.pem")
		haproxytest.Certificate(t, path, "example.com")
		made := settings(t, strings.Replace(text, "CERTIFICATE", path, 1))
		site := haproxy.Site{Folder: dir, Socket: dir + "/s", Password: `it's "$secret" #1`}
		routes := map[string]haproxy.Route{}
		for _, v := range made.Services {
			routes[v.Name] = haproxy.Route{Backend: v.Name}
		}
		r, shares := haproxy.Maps(site, routes)
		for path, data := range map[string][]byte{r.Path: r.Text(), shares.Path: shares.Text(), site.Config(): haproxy.Config(made, site, nil)} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, err := exec.Command("haproxy", "-c", "-f", site.Config()).CombinedOutput()
		if err != nil || strings.Contains(string(out), "WARNING") {
			t.Errorf("haproxy -c of %s: %v\n%s\n%s", name, err, out, haproxy.Config(made, site, nil))
		}
	}
}
