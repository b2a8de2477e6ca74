package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/crypto/bcrypt"

	"rundock/internal/flock"
	"rundock/internal/fstree"
	"rundock/internal/hostconfig"
)

// NewToken adds a token to the file at path, and returns what it says, which is nowhere else.
func NewToken(path, name string, scope Scope) (token string, err error) {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails: crypto/rand ends the program first
	token = "rdp_" + base64.RawURLEncoding.EncodeToString(secret)
	sum := sha256.Sum256([]byte(token))
	err = edit(path, func(f *File) error {
		f.Tokens = append(f.Tokens, Token{name, scope, hex.EncodeToString(sum[:])})
		return nil
	})
	return token, err
}

// passwordAtLeast is how long a password is, in bytes; bcrypt takes 72.
const passwordAtLeast = 8

// NewUser adds a user with a password to the file at path.
func NewUser(path, name string, scope Scope, password string) error {
	if len(password) < passwordAtLeast {
		return fmt.Errorf("password of %s: it has %d bytes, want %d at least", name, len(password), passwordAtLeast)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return fmt.Errorf("password of %s: %w", name, err)
	}
	return edit(path, func(f *File) error {
		f.Users = append(f.Users, User{name, scope, string(hash)})
		return nil
	})
}

// Remove takes a token or user out of the file at path.
func Remove(path, name string) error {
	return edit(path, func(f *File) error {
		before := len(f.Tokens) + len(f.Users)
		f.Tokens = slices.DeleteFunc(f.Tokens, func(t Token) bool { return t.Name == name })
		f.Users = slices.DeleteFunc(f.Users, func(u User) bool { return u.Name == name })
		if len(f.Tokens)+len(f.Users) == before {
			return fmt.Errorf("%s: there is no token and no user %q", path, name)
		}
		return nil
	})
}

// edit changes the file at path, one call at a time, or makes it.
func edit(path string, change func(*File) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	lock, err := flock.Open(path + ".lock")
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := flock.Lock(lock); err != nil {
		return err
	}
	f, err := Load(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := change(&f); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	data, err := fstree.JSON(f)
	if err != nil {
		return err
	}
	owner, group := ownersOf(path)
	if err := fstree.Replace(path, 0o640, data); err != nil {
		return err
	}
	return os.Chown(path, owner, group)
}

// ownersOf are those that the file is to have: as it has them, or root and the page's group; -1 is no change.
func ownersOf(path string) (owner, group int) {
	if info, err := os.Stat(path); err == nil {
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			return int(s.Uid), int(s.Gid)
		}
	}
	g, err := user.LookupGroup(hostconfig.PreviewGroup)
	if err != nil {
		return -1, -1
	}
	if group, err = strconv.Atoi(g.Gid); err != nil {
		return -1, -1
	}
	return -1, group
}
