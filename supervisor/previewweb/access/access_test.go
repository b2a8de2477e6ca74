package access

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// guard is one of a file with the token ci and the user ada, behind a proxy at 192.0.2.7.
func guard(t *testing.T) (g *Guard, path, token string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "preview", "access.json")
	token, err := NewToken(path, "ci", Deploy)
	if err != nil {
		t.Fatal(err)
	}
	if err := NewUser(path, "ada", Admin, "correct horse"); err != nil {
		t.Fatal(err)
	}
	err = edit(path, func(f *File) error {
		f.Proxy = &Proxy{Header: "X-Remote-User", From: []string{"192.0.2.7"}, Scope: Read}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	g, err = Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return g, path, token
}

// from is a request from an address; headers are name, value, ...
func from(address string, headers ...string) *http.Request {
	r := httptest.NewRequest("GET", "http://previews.example.com/", nil)
	r.RemoteAddr = address + ":1234"
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func basic(r *http.Request, name, password string) *http.Request {
	r.SetBasicAuth(name, password)
	return r
}

func TestWho(t *testing.T) {
	g, path, token := guard(t)
	for claim, c := range map[string]struct {
		r    *http.Request
		want Caller
	}{
		"a token":                  {from("192.0.2.1", "Authorization", "Bearer "+token), Caller{"ci", Deploy, "192.0.2.1"}},
		"a token for a password":   {basic(from("192.0.2.1"), "any", token), Caller{"ci", Deploy, "192.0.2.1"}},
		"a password":               {basic(from("192.0.2.1"), "ada", "correct horse"), Caller{"ada", Admin, "192.0.2.1"}},
		"a password once more":     {basic(from("192.0.2.1"), "ada", "correct horse"), Caller{"ada", Admin, "192.0.2.1"}},
		"the proxy's header":       {from("192.0.2.7", "X-Remote-User", "eve", "X-Forwarded-For", "6.6.6.6, 198.51.100.9"), Caller{"eve", Read, "198.51.100.9"}},
		"a token by the proxy":     {from("192.0.2.7", "Authorization", "Bearer "+token, "X-Forwarded-For", "198.51.100.9"), Caller{"ci", Deploy, "198.51.100.9"}},
		"the proxy as IPv6 has it": {from("[::ffff:192.0.2.7]", "X-Remote-User", "eve"), Caller{"eve", Read, "192.0.2.7"}},
	} {
		if got, err := g.Who(c.r); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", claim, got, err, c.want)
		}
	}
	for claim, r := range map[string]*http.Request{
		"nothing":                     from("192.0.2.1"),
		"loopback":                    from("127.0.0.1"),
		"another token":               from("192.0.2.1", "Authorization", "Bearer "+token+"x"),
		"an empty token":              from("192.0.2.1", "Authorization", "Bearer "),
		"a token's hash":              from("192.0.2.1", "Authorization", "Bearer "+hashIn(t, path)),
		"the header of another":       from("192.0.2.1", "X-Remote-User", "eve"),
		"the header by X-Forwarded":   from("192.0.2.1", "X-Remote-User", "eve", "X-Forwarded-For", "192.0.2.7"),
		"an empty header":             from("192.0.2.7", "X-Remote-User", ""),
		"a header that is no name":    from("192.0.2.7", "X-Remote-User", "<script>"),
		"another password":            basic(from("192.0.2.1"), "ada", "correct Horse"),
		"another's password":          basic(from("192.0.2.1"), "eve", "correct horse"),
		"no password":                 basic(from("192.0.2.1"), "ada", ""),
		"a password of no user":       basic(from("192.0.2.1"), "", "nobody"),
		"a password for a token":      from("192.0.2.1", "Authorization", "Bearer correct horse"),
		"half of a basic credential":  from("192.0.2.1", "Authorization", "Basic YWRh"),
		"a scheme that there is none": from("192.0.2.1", "Authorization", "Digest "+token),
	} {
		if got, err := g.Who(r); err == nil {
			t.Errorf("%s is %+v", claim, got)
		}
	}
}

func hashIn(t *testing.T, path string) string {
	t.Helper()
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return f.Tokens[0].SHA256
}

func TestFile_has_no_token_and_is_read_again(t *testing.T) {
	g, path, token := guard(t)
	data, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(data), token) || strings.Contains(string(data), "horse") {
		t.Errorf("the file has %s, %v", data, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("its mode is %v, %v, want 0640", info, err)
	}
	if err := Remove(path, "ci"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Who(from("192.0.2.1", "Authorization", "Bearer "+token)); err == nil {
		t.Error("a token that was removed is let in")
	}
	// What cannot be read changes nothing.
	if err := os.WriteFile(path, []byte("{"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if c, err := g.Who(basic(from("192.0.2.1"), "ada", "correct horse")); err != nil || c.Name != "ada" {
		t.Errorf("with a file that cannot be read: %+v, %v", c, err)
	}
	if err := Remove(path, "ada"); err == nil {
		t.Error("a file that cannot be read is changed")
	}
}

func TestFile_names_what_is_wrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.json")
	if _, err := NewToken(path, "ci", Read); err != nil {
		t.Fatal(err)
	}
	hash := strings.Repeat("0", 64)
	for want, text := range map[string]string{
		"mood":              `{"mood":1}`,
		"token ci: sha256":  `{"tokens":[{"name":"ci","scope":"read","sha256":"x"}]}`,
		"scope \"root\"":    `{"tokens":[{"name":"ci","scope":"root","sha256":"` + hash + `"}]}`,
		"twice":             `{"tokens":[{"name":"ci","scope":"read","sha256":"` + hash + `"},{"name":"ci","scope":"read","sha256":"` + hash + `"}]}`,
		"user ada: bcrypt":  `{"users":[{"name":"ada","scope":"read","bcrypt":"horse"}]}`,
		"name \"a b\"":      `{"tokens":[{"name":"a b","scope":"read","sha256":"` + hash + `"}]}`,
		"proxy: want":       `{"proxy":{"header":"X-User","from":[],"scope":"read"}}`,
		"from \"10.0.0\"":   `{"proxy":{"header":"X-User","from":["10.0.0"],"scope":"read"}}`,
		"the header that":   `{"proxy":{"header":"authorization","from":["10.0.0.1"],"scope":"read"}}`,
		"more than one":     `{} {}`,
		"unexpected end of": ``,
	} {
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		if want == "unexpected end of" {
			want = "EOF"
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	fresh := filepath.Join(t.TempDir(), "access.json")
	if err := NewUser(fresh, "ada", Read, "short"); err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("a short password: %v", err)
	}
	if err := NewUser(fresh, "ada", Read, strings.Repeat("long", 20)); err == nil {
		t.Error("a password of 80 bytes, of which bcrypt takes 72, is taken")
	}
	if _, err := NewToken(fresh, "ci", Read); err != nil {
		t.Fatal(err)
	}
	if _, err := NewToken(fresh, "ci", Read); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a name that is taken: %v", err)
	}
	if err := Remove(fresh, "nope"); err == nil || !strings.Contains(err.Error(), "nope") {
		t.Errorf("Remove(nope): %v", err)
	}
}

func TestScope(t *testing.T) {
	for _, c := range []struct {
		has, needs Scope
		want       bool
	}{{Read, Read, true}, {Read, Deploy, false}, {Deploy, Read, true}, {Deploy, Admin, false}, {Admin, Deploy, true}, {"", Read, false}} {
		if got := c.has.Allows(c.needs); got != c.want {
			t.Errorf("%q allows %q = %v", c.has, c.needs, got)
		}
	}
}
