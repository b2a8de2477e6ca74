// Package access says who may do what with previews by the page and the API: by tokens
// and passwords, of which a file has the hashes, or by a header of a proxy that has asked already. Without a
// file everybody may do everything, and that is for loopback alone.
//
//	{"tokens": [{"name": "ci", "scope": "deploy", "sha256": "..."}],
//	 "users": [{"name": "ada", "scope": "admin", "bcrypt": "$2a$..."}],
//	 "proxy": {"header": "X-Remote-User", "from": ["10.0.0.5"], "scope": "deploy"}}
//
// There are no cookies, so that no page of a preview's can have a browser send one along.
package access

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"regexp"

	"golang.org/x/crypto/bcrypt"

	"rundock/internal/registry"
)

// Scope is what somebody may do.
type Scope string

// The scopes, each with all that those before it may.
const (
	Read   Scope = "read"   // look
	Deploy Scope = "deploy" // create, change and remove previews, and their own settings
	Admin  Scope = "admin"  // write repositories, and settings of several previews
)

var rank = map[Scope]int{Read: 1, Deploy: 2, Admin: 3}

// Allows says whether who has s may do what needs other.
func (s Scope) Allows(other Scope) bool { return rank[s] >= rank[other] }

// Check says why s is no scope.
func (s Scope) Check() error {
	if rank[s] == 0 {
		return fmt.Errorf("scope %q: want read, deploy or admin", string(s))
	}
	return nil
}

// Token is one, without what it says.
type Token struct {
	Name   string `json:"name"`
	Scope  Scope  `json:"scope"`
	SHA256 string `json:"sha256"` // in hexadecimal
}

// User has a password.
type User struct {
	Name   string `json:"name"`
	Scope  Scope  `json:"scope"`
	Bcrypt string `json:"bcrypt"`
}

// Proxy asks people who they are, and says so in a header.
type Proxy struct {
	Header string   `json:"header"`
	From   []string `json:"from"` // its addresses; whatever others say in the header counts for nothing
	Scope  Scope    `json:"scope"`

	from []netip.Addr
}

// File is what the file has.
type File struct {
	Tokens []Token `json:"tokens,omitempty"`
	Users  []User  `json:"users,omitempty"`
	Proxy  *Proxy  `json:"proxy,omitempty"`
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// CheckName says why name can be that of no token and no user.
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("name %q: want letters, digits, ., _, @ and -, at most 64, the first a letter or digit", name)
	}
	return nil
}

// Load reads the file at path.
func Load(path string) (f File, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	if err = registry.Decode(data, &f); err == nil {
		err = f.check()
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func (f File) check() error {
	names := map[string]bool{}
	one := func(name string, scope Scope) error {
		if names[name] {
			return fmt.Errorf("name %q is there twice", name)
		}
		names[name] = true
		return errors.Join(CheckName(name), scope.Check())
	}
	for _, t := range f.Tokens {
		if sum, err := hex.DecodeString(t.SHA256); err != nil || len(sum) != 32 {
			return fmt.Errorf("token %s: sha256: want 64 hexadecimal digits", t.Name)
		}
		if err := one(t.Name, t.Scope); err != nil {
			return err
		}
	}
	for _, u := range f.Users {
		if _, err := bcrypt.Cost([]byte(u.Bcrypt)); err != nil {
			return fmt.Errorf("user %s: bcrypt: it is no hash of bcrypt's", u.Name)
		}
		if err := one(u.Name, u.Scope); err != nil {
			return err
		}
	}
	if f.Proxy != nil {
		return f.Proxy.check()
	}
	return nil
}

func (p *Proxy) check() error {
	if p.Header == "" || len(p.From) == 0 || http.CanonicalHeaderKey(p.Header) == "Authorization" {
		return errors.New("proxy: want the header that it sets, and its addresses in from")
	}
	for _, text := range p.From {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("proxy: from %q: want an address", text)
		}
		p.from = append(p.from, a.Unmap())
	}
	return p.Scope.Check()
}
