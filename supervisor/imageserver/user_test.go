package imageserver

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

const registry = "registry.s.prod.example.com:5000"

func newUser(t *testing.T, config string) user {
	u := user{filepath.Join(t.TempDir(), "image-user"), filepath.Join(t.TempDir(), ".docker", "config.json")}
	if config != "" {
		if err := os.MkdirAll(filepath.Dir(u.config), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(u.config, []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return u
}

// password is what config.json has, checked against the line.
func (u user) password(t *testing.T, at string) string {
	t.Helper()
	data, err := os.ReadFile(u.config)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Auths map[string]struct{ Auth []byte }
	}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	name, password, _ := strings.Cut(string(c.Auths[at].Auth), ":")
	line, err := os.ReadFile(u.line)
	if err != nil {
		t.Fatal(err)
	}
	owner, hash, _ := strings.Cut(strings.TrimSpace(string(line)), ":")
	if owner != name || bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) != nil {
		t.Errorf("%s has the user %q with a password that %s does not fit", at, name, line)
	}
	for _, path := range []string{u.config, u.line} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", path, info.Mode(), err)
		}
	}
	return password
}

func (u user) made(t *testing.T, want bool, name string, registries ...string) {
	t.Helper()
	if made, err := u.ensure(name, registries); err != nil || made != want {
		t.Fatalf("ensure(%s, %v) = %v, %v; want %v", name, registries, made, err, want)
	}
}

func TestUser_is_made_once_and_keeps_what_others_have(t *testing.T) {
	u := newUser(t, `{"auths":{"other.example.com":{"auth":"b3RoZXI6cHc="}},"credHelpers":{"gcr.io":"gcloud"},"psFormat":"x"}`)
	u.made(t, true, "node-1", registry)
	first := u.password(t, registry)
	u.made(t, false, "node-1", registry)
	if again := u.password(t, registry); again != first {
		t.Error("a second call made another password")
	}
	data, _ := os.ReadFile(u.config)
	for _, kept := range []string{"b3RoZXI6cHc=", "gcloud", "psFormat"} {
		if !strings.Contains(string(data), kept) {
			t.Errorf("%s is gone:\n%s", kept, data)
		}
	}

	u.made(t, true, "node-1", registry, "mirror.s.prod.example.com:5001")
	if u.password(t, registry) != u.password(t, "mirror.s.prod.example.com:5001") {
		t.Error("two registries have two passwords, and one line of htpasswd")
	}
	for what, spoil := range map[string]func() error{
		"the line is lost":      func() error { return os.Remove(u.line) },
		"config.json is lost":   func() error { return os.Remove(u.config) },
		"the line is another's": func() error { return os.WriteFile(u.line, []byte("node-1:$2a$04$abcdefghijklmnopqrstuv\n"), 0o600) },
		"a password is another's": func() error {
			return os.WriteFile(u.config, []byte(`{"auths":{"`+registry+`":{"auth":"bm9kZS0xOng="}}}`), 0o600)
		},
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		u.made(t, true, "node-1", registry)
		t.Log(what)
		u.password(t, registry)
		u.made(t, false, "node-1", registry)
	}
	u.made(t, true, "node-2", registry) // the host is called otherwise

	if gone, err := u.forget([]string{registry}); !gone || err != nil {
		t.Errorf("forget = %v, %v", gone, err)
	}
	if gone, err := u.forget([]string{registry}); gone || err != nil {
		t.Errorf("forget again = %v, %v", gone, err)
	}
}

// TestUser_has_no_line_of_another_password, also where it ends between the two files, or cannot write the first.
func TestUser_has_no_line_of_another_password(t *testing.T) {
	u := newUser(t, "")
	u.made(t, true, "node-1", registry)
	folder := filepath.Dir(u.config)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", folder); err != nil {
		t.Fatal(err)
	}
	if _, err := u.ensure("node-1", []string{registry}); err == nil {
		t.Fatal("it wrote config.json")
	}
	if line, err := os.ReadFile(u.line); err == nil {
		t.Errorf("there is the line %q, and no password that fits", line)
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	u.made(t, true, "node-1", registry)
	u.password(t, registry)
}

func TestUser_refuses_a_config_json_that_it_cannot_keep(t *testing.T) {
	for config, want := range map[string]string{
		"{":                              "config.json",
		`{"auths":[]}`:                   "config.json",
		`{"credsStore":"secrets"}`:       "credsStore",
		`{"credsStore":"","auths":null}`: "",
	} {
		u := newUser(t, config)
		_, err := u.ensure("node-1", []string{registry})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want an error with %q", config, err, want)
		}
		if data, _ := os.ReadFile(u.config); want != "" && string(data) != config {
			t.Errorf("%s became %s", config, data)
		}
	}
}
