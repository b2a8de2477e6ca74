package imageserver

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"rundock/internal/fstree"
)

// UserFile has the line of htpasswd by which image registries know this host, and
// dockerConfig the password, as the docker command keeps it.
const (
	UserFile     = "/etc/rundock/image-user"
	dockerConfig = "/root/.docker/config.json"
)

// user is where both are.
type user struct{ line, config string }

// ensure has the host be the user name of registries, and reports whether it made a
// password for that: where there was none, or one that the line does not fit.
func (u user) ensure(name string, registries []string) (made bool, err error) {
	if strings.ContainsAny(name, ":\n") || name == "" {
		return false, fmt.Errorf("the name %q of a user: want neither a colon nor a line's end", name)
	}
	c, err := readConfig(u.config)
	if err != nil {
		return false, err
	}
	line, err := os.ReadFile(u.line)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if c.fit(name, strings.TrimSpace(string(line)), registries) {
		return false, nil
	}
	password := rand.Text() + rand.Text()
	// What is random needs no hash that is slow, and the image registry makes it with each request.
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		return false, err
	}
	for _, r := range registries {
		c.auths[r] = credential(name, password)
	}
	// Without a line the next run of site.yml comes back here. It looks at names alone, and so would take a line of before for one that fits.
	if _, err := fstree.Delete(filepath.Dir(u.line), filepath.Base(u.line), false); err != nil {
		return false, err
	}
	if err := c.write(u.config); err != nil {
		return false, err
	}
	return true, fstree.Replace(u.line, 0o600, []byte(name+":"+string(hash)+"\n"))
}

// forget takes the credentials of registries away, with the line, and reports whether
// there were any.
func (u user) forget(registries []string) (gone bool, err error) {
	c, err := readConfig(u.config)
	if err != nil {
		return false, err
	}
	for _, r := range registries {
		if _, there := c.auths[r]; there {
			delete(c.auths, r)
			gone = true
		}
	}
	if gone {
		if err := c.write(u.config); err != nil {
			return false, err
		}
	}
	err = os.Remove(u.line)
	if errors.Is(err, fs.ErrNotExist) {
		return gone, nil
	}
	return true, err
}

// config is Docker's config.json. What of it is not ours stays.
type config struct {
	all   map[string]json.RawMessage
	auths map[string]json.RawMessage
}

func readConfig(path string) (c config, err error) {
	c = config{map[string]json.RawMessage{}, map[string]json.RawMessage{}}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil && len(strings.TrimSpace(string(data))) > 0 {
		err = json.Unmarshal(data, &c.all)
	}
	if auths := c.all["auths"]; err == nil && auths != nil {
		err = json.Unmarshal(auths, &c.auths)
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if c.auths == nil {
		c.auths = map[string]json.RawMessage{} // null
	}
	if store := c.all["credsStore"]; store != nil && string(store) != `""` {
		return c, fmt.Errorf(`%s has a "credsStore", which docker asks in the place of the passwords there: name what it is for by "credHelpers" instead`, path)
	}
	return c, nil
}

func (c config) write(path string) error {
	auths, err := json.Marshal(c.auths)
	if err != nil {
		return err
	}
	c.all["auths"] = auths
	data, err := fstree.IndentedJSON(c.all, "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return fstree.Replace(path, 0o600, data)
}

// fit reports whether the passwords for all registries are those of line.
func (c config) fit(name, line string, registries []string) bool {
	owner, hash, _ := strings.Cut(line, ":")
	if owner != name {
		return false
	}
	for _, r := range registries {
		var found struct{ Auth []byte }
		if json.Unmarshal(c.auths[r], &found) != nil {
			return false
		}
		user, password, _ := strings.Cut(string(found.Auth), ":")
		if user != name || bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) != nil {
			return false
		}
	}
	return true
}

// credential is what config.json has of an image registry.
func credential(name, password string) json.RawMessage {
	return json.RawMessage(`{"auth":"` + base64.StdEncoding.EncodeToString([]byte(name+":"+password)) + `"}`)
}
