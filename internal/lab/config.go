package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Config says where a lab lives. The zero value is the lab "rd" of the
// checkout that holds the working directory.
type Config struct {
	ID      string // names everything of the lab; "" means "rd". One to eight of a-z, 0-9, starting with a letter
	Dir     string // inventory, key and images; "" means .lab of the checkout, and .lab/<id> for another ID than "rd"
	Cache   string // bases shared by all labs; "" means /var/cache/rundock-lab
	State   string // the hosts' disks; "" means /var/lib/rundock-lab. Not on overlayfs or tmpfs
	Mirror  string // Debian archive the bases are built from; "" means http://deb.debian.org/debian
	Release string // Debian release of hosts that are not said to be of another; "" means bookworm
	Plain   bool   // the inventory has rundock_trust=false: etcd and the image registry ask nobody who is calling
}

const defaultID = "rd"

var (
	validID      = regexp.MustCompile(`^[a-z][a-z0-9]{0,7}$`)
	validRelease = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
)

// ConfigFrom reads RUNDOCK_LAB_ID, _DIR, _CACHE, _STATE, _MIRROR, _RELEASE and
// _PLAIN, which is 1 for true, by getenv, which is os.Getenv in every program.
func ConfigFrom(getenv func(string) string) Config {
	return Config{
		ID:      getenv("RUNDOCK_LAB_ID"),
		Dir:     getenv("RUNDOCK_LAB_DIR"),
		Cache:   getenv("RUNDOCK_LAB_CACHE"),
		State:   getenv("RUNDOCK_LAB_STATE"),
		Mirror:  getenv("RUNDOCK_LAB_MIRROR"),
		Release: getenv("RUNDOCK_LAB_RELEASE"),
		Plain:   getenv("RUNDOCK_LAB_PLAIN") == "1",
	}
}

// complete returns c with its zero values filled in and its paths absolute.
func (c Config) complete() (Config, error) {
	if c.ID == "" {
		c.ID = defaultID
	}
	if !validID.MatchString(c.ID) {
		return c, fmt.Errorf("lab id %q: want one to eight of a-z and 0-9, starting with a letter", c.ID)
	}
	if c.Dir == "" {
		root, err := Checkout()
		if err != nil {
			return c, err
		}
		c.Dir = filepath.Join(root, ".lab")
		if c.ID != defaultID {
			c.Dir = filepath.Join(c.Dir, c.ID)
		}
	}
	for _, s := range []struct {
		field *string
		zero  string
	}{
		{&c.Cache, "/var/cache/rundock-lab"},
		{&c.State, "/var/lib/rundock-lab"},
		{&c.Mirror, "http://deb.debian.org/debian"},
		{&c.Release, "bookworm"},
	} {
		if *s.field == "" {
			*s.field = s.zero
		}
	}
	if !validRelease.MatchString(c.Release) {
		return c, fmt.Errorf("lab release %q: want a name such as bookworm", c.Release)
	}
	for _, path := range []*string{&c.Dir, &c.Cache, &c.State} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return c, fmt.Errorf("lab folder %s: %w", *path, err)
		}
		// These characters separate the options of an overlay mount.
		if strings.ContainsAny(abs, ",:\\") {
			return c, fmt.Errorf("lab folder %s: a comma, colon or backslash cannot be mounted", abs)
		}
		*path = abs
	}
	return c, nil
}

// Checkout returns the folder of rundock's go.mod at or above the working
// directory.
func Checkout() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the checkout: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module rundock\n") {
			return dir, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("find the checkout: %w", err)
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the checkout: no go.mod of rundock at or above %s", start)
		}
	}
}
