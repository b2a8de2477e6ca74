package supervisor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"rundock/internal/fstree"
)

// SaltName is the file in hostconfig.StateDir that holds
// the host's salt. No service is called so: names begin with a letter or digit.
const SaltName = ".salt"

const saltLength = 32

// Digest stands for the value of a secret where others may look: in the hash
// that is a container's label. Without the host's salt nobody can try guesses;
// equal values of two services or variables do not show as equal.
func Digest(salt []byte, service, name, value string) string {
	mac := hmac.New(sha256.New, salt)
	fmt.Fprintf(mac, "%d %s %d %s %s", len(service), service, len(name), name, value)
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// Salt returns the host's salt, from its file in dir, which is made (0600) if
// it is not there. With check set nothing is written: then a salt that is not
// there yet is made up. Of two that make it at once, both get the same.
func Salt(dir string, check bool) ([]byte, error) {
	path := filepath.Join(dir, SaltName)
	salt, err := os.ReadFile(path)
	if err == nil && len(salt) != saltLength {
		return nil, fmt.Errorf("read %s: it has %d bytes, not %d: restore it, or remove it, which replaces every container with secrets", path, len(salt), saltLength)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return salt, err
	}
	salt = make([]byte, saltLength)
	// The kernel's own call: crypto/rand brings ciphers into the module, for modes that nobody has here.
	// So few bytes it gives whole.
	if _, err := unix.Getrandom(salt, 0); err != nil {
		return nil, fmt.Errorf("make the salt of secrets: getrandom: %w", err)
	}
	if check {
		return salt, nil
	}
	return salt, keepSalt(path, salt)
}

// keepSalt writes salt to path, or replaces salt by what another has written
// there meanwhile.
func keepSalt(path string, salt []byte) error {
	err := fstree.Create(path, 0o600, salt)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	have, err := os.ReadFile(path)
	if err == nil && len(have) != len(salt) {
		err = fmt.Errorf("read %s: it has %d bytes, not %d", path, len(have), len(salt))
	}
	copy(salt, have)
	return err
}

// ChangedSecrets names, sorted, the variables of values that are not those which digests,
// of a service's Container.EnvSecrets, are of.
func ChangedSecrets(salt []byte, service string, digests, values map[string]string) (changed []string) {
	for name, value := range values {
		if Digest(salt, service, name, value) != digests[name] {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// ReadSecrets returns the values of the secrets of a service whose runner's
// folder is dir: every variable in names, with the file that holds it.
func ReadSecrets(dir string, names map[string]string) (map[string]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	values := map[string]string{}
	for name := range names {
		data, err := os.ReadFile(filepath.Join(dir, SecretsDir, name))
		if err != nil {
			return nil, fmt.Errorf("read secret: %w", err)
		}
		values[name] = string(data)
	}
	return values, nil
}
