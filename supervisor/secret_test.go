package supervisor

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rundock/internal/spec"
)

func TestFiles_keep_secrets_in_files_of_their_own(t *testing.T) {
	salt := []byte("salt")
	s := func(value string) Service {
		return Service{
			Name: "web", Container: spec.Container{Image: "app", EnvSecrets: map[string]string{"PASSWORD": Digest(salt, "web", "PASSWORD", value)}},
			Secrets: map[string]string{"PASSWORD": value},
		}
	}
	files, err := Files(s("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range files {
		if f.Path == "env/PASSWORD" {
			found = f.Mode == 0o600 && f.Secret && string(f.Data) == "hunter2"
		} else if strings.Contains(string(f.Data), "hunter2") {
			t.Errorf("%s holds the secret", f.Path)
		}
		if f.Path == "run" && !strings.Contains(string(f.Data), "-e PASSWORD") {
			t.Errorf("run does not name the variable:\n%s", f.Data)
		}
	}
	if !found {
		t.Error("env/PASSWORD, masked and with mode 0600, is missing")
	}
	if s("hunter2").Container.Hash() == s("hunter3").Container.Hash() {
		t.Error("another secret gives the same hash")
	}
}

func TestChangedSecrets_are_those_with_another_value_than_their_digest(t *testing.T) {
	salt, digests := []byte("salt"), map[string]string{}
	for name, v := range map[string]string{"A": "x", "B": "y", "C": ""} {
		digests[name] = Digest(salt, "web", name, v)
	}
	for want, values := range map[string]map[string]string{
		"":      {"A": "x", "B": "y", "C": ""},
		"A":     {"A": "x\n", "B": "y", "C": ""},
		"B C":   {"A": "x", "B": "", "C": "y"},
		"A B":   {"A": "y", "B": "x", "C": ""},
		"A B C": {"A": "", "B": "", "C": " "},
	} {
		if got := strings.Join(ChangedSecrets(salt, "web", digests, values), " "); got != want {
			t.Errorf("of %q changed are %q, want %q", values, got, want)
		}
	}
}

func TestDigest_tells_nothing_without_the_salt(t *testing.T) {
	seen := map[string]string{}
	for _, c := range [][4]string{
		{"salt", "web", "A", "x"}, {"pepper", "web", "A", "x"}, {"salt", "shop", "A", "x"}, {"salt", "web", "B", "x"},
		{"salt", "web", "A", "y"}, {"salt", "web", "A x", ""}, {"salt", "web A", "x", ""},
	} {
		d := Digest([]byte(c[0]), c[1], c[2], c[3])
		if other, ok := seen[d]; ok {
			t.Errorf("digest of %q is that of %s", c, other)
		}
		seen[d] = strings.Join(c[:], "|")
	}
}

func TestSalt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if _, err := Salt(dir, true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("check mode wrote something")
	}
	var all sync.WaitGroup
	salts := make([][]byte, 8)
	for i := range salts {
		all.Go(func() {
			var err error
			if salts[i], err = Salt(dir, false); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, s := range salts {
		if len(s) != saltLength || !bytes.Equal(s, salts[0]) {
			t.Errorf("salts made at once are %x and %x", salts[0], s)
		}
	}
	info, err := os.Stat(filepath.Join(dir, SaltName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the salt's file: %v, %v; want mode 0600", info, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files are left, want the salt alone", len(entries))
	}
	if err := os.WriteFile(filepath.Join(dir, SaltName), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Salt(dir, false); err == nil || !strings.Contains(err.Error(), "5 bytes") {
		t.Errorf("a damaged salt: %v, want an error", err)
	}
}

func TestReadSecrets(t *testing.T) {
	dir := t.TempDir()
	want := map[string]string{"A": "one\ntwo\n", "B": ""}
	if err := os.Mkdir(filepath.Join(dir, SecretsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if err := os.WriteFile(filepath.Join(dir, SecretsDir, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := ReadSecrets(dir, map[string]string{"A": "x", "B": "y"}); err != nil || !maps.Equal(got, want) {
		t.Errorf("ReadSecrets = %q, %v; want %q", got, err, want)
	}
	if _, err := ReadSecrets(dir, map[string]string{"C": "z"}); err == nil || !strings.Contains(err.Error(), "env/C") {
		t.Errorf("a secret without its file: %v, want an error that names it", err)
	}
}
