package compose

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"rundock/internal/stack"
)

// fileAtMost is how much a config or secret may hold, in bytes: a release is
// in the store, whose values are small.
const fileAtMost = 1_000_000

// files are the configs and secrets that the container has.
func (v *servicing) files() {
	for i, c := range v.c.Configs {
		key := fmt.Sprintf("configs[%d]", i)
		u := v.use(types.FileReferenceConfig(c), "/")
		data, ok := v.contentOf(key, "config", u.Source, types.FileObjectConfig(v.loaded.Configs[u.Source]), v.in.Configs[u.Source], v.in.Configs)
		if ok && v.keepConfig(u.Source, data, key) {
			v.s.Configs = append(v.s.Configs, u)
		}
	}
	given := map[string][]byte{}
	for name, value := range v.in.Secrets {
		given[name] = value
	}
	for i, c := range v.c.Secrets {
		key := fmt.Sprintf("secrets[%d]", i)
		u := v.use(types.FileReferenceConfig(c), "/run/secrets/")
		data, ok := v.contentOf(key, "secret", u.Source, types.FileObjectConfig(v.loaded.Secrets[u.Source]), given[u.Source], given)
		if ok && v.keepSecret(u.Source, data, key) {
			v.s.Secrets = append(v.s.Secrets, u)
		}
	}
	v.checkTargets()
}

// checkTargets holds that no two files have one path, or that of a mount.
func (v *servicing) checkTargets() {
	taken := map[string]string{}
	for _, c := range v.c.Volumes {
		if _, ofProject := v.stage.ofProject(c.Source); c.Type != types.VolumeTypeBind || !ofProject {
			taken[path.Clean(c.Target)] = "a volume"
		}
	}
	for _, list := range []struct {
		what string
		uses []stack.Use
	}{{"config", v.s.Configs}, {"secret", v.s.Secrets}} {
		for _, u := range list.uses {
			if other, ok := taken[u.Target]; ok {
				v.fail(list.what+"s", "%s and %s %s are both mounted on %s", other, list.what, u.Source, u.Target)
			}
			taken[u.Target] = list.what + " " + u.Source
		}
	}
}

// use is how a service has a file; one without a target, or with a relative
// one, is in folder.
func (v *servicing) use(c types.FileReferenceConfig, folder string) stack.Use {
	u := stack.Use{Source: c.Source, Target: c.Target, UID: c.UID, GID: c.GID}
	if u.Target == "" {
		u.Target = c.Source
	}
	if !path.IsAbs(u.Target) {
		u.Target = folder + u.Target
	}
	u.Target = path.Clean(u.Target)
	if c.Mode != nil && *c.Mode != 0o444 {
		u.Mode = fmt.Sprintf("%04o", int64(*c.Mode))
	}
	return u
}

// contentOf is what a config or secret holds: what the call gives for it, or
// else what the files say.
func (v *servicing) contentOf(key, what, name string, c types.FileObjectConfig, given []byte, calls map[string][]byte) ([]byte, bool) {
	where := v.places.finding("", what+"s."+name, "")
	where.Service = v.name
	if given != nil {
		return given, true
	}
	switch {
	case bool(c.External):
		if other, ok := calls[c.Name]; ok {
			return other, true
		}
		where.Text = fmt.Sprintf("it is external, and the call has no %s of that name", what)
	case c.Environment != "":
		if value, ok := v.env[c.Environment]; ok {
			return []byte(value), true
		}
		where.Text = fmt.Sprintf("variable %s is not set", c.Environment)
	case c.Content != "":
		return []byte(c.Content), true
	case c.File != "":
		file := v.stage.original(c.File)
		data, err := v.source.file(file)
		switch {
		case err == nil:
			return data, true
		case errors.Is(err, ErrUnsent):
			return nil, false
		}
		v.unreadable(where, file, err)
		return nil, false
	default:
		where.Text = fmt.Sprintf("nothing says what the %s holds", what)
	}
	v.wrong = append(v.wrong, where)
	return nil, false
}

// keepConfig adds a config to the stack; key is what of the service names it.
func (v *servicing) keepConfig(name string, data []byte, key string) bool {
	if !v.fits(name, data, key) {
		return false
	}
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	v.configs[name] = stack.File{Hash: hash, Size: len(data)}
	v.blobs[hash] = data
	return true
}

// keepSecret adds a secret to the stack. Its hash is keyed, so that nobody can
// find out what it holds by trying.
func (v *servicing) keepSecret(name string, data []byte, key string) bool {
	if len(v.in.Key) == 0 {
		v.fail(key, "%s: there is no key of the site's to keep it by", name)
		return false
	}
	if !v.fits(name, data, key) {
		return false
	}
	mac := hmac.New(sha256.New, v.in.Key)
	fmt.Fprintf(mac, "%s\n", name)
	mac.Write(data)
	v.secrets[name] = stack.File{Hash: hex.EncodeToString(mac.Sum(nil))}
	v.values[name] = data
	return true
}

func (v *servicing) fits(name string, data []byte, key string) bool {
	if len(data) > fileAtMost {
		v.fail(key, "%s: %d bytes; at most %d are kept in a release", name, len(data), fileAtMost)
	}
	return len(data) <= fileAtMost
}

// build is how the service's image is made.
func (v *servicing) build() {
	c := v.c.Build
	if c == nil {
		return
	}
	b := &stack.Build{
		Inline: c.DockerfileInline, Target: c.Target, Labels: plain(c.Labels),
		NoCache: c.NoCache, Pull: c.Pull, Network: c.Network, Platforms: c.Platforms, ShmSize: int64(c.ShmSize),
	}
	if b.Context = v.stage.original(c.Context); isElsewhere(c.Context) {
		v.fail("build.context", "%s is elsewhere: only folders of the project are built", c.Context)
	}
	if c.Dockerfile != "Dockerfile" {
		b.Dockerfile = c.Dockerfile
	}
	for name, value := range c.Args {
		if value == nil {
			given, ok := v.env[name]
			if !ok {
				continue
			}
			value = &given
		}
		if b.Args == nil {
			b.Args = map[string]string{}
		}
		b.Args[name] = *value
	}
	for _, host := range sortedKeys(c.ExtraHosts) {
		for _, ip := range c.ExtraHosts[host] {
			b.ExtraHosts = append(b.ExtraHosts, host+":"+ip)
		}
	}
	if len(b.Platforms) > 1 {
		v.fail("build.platforms", "%s: an image is built for one", strings.Join(b.Platforms, ", "))
	}
	v.s.Build = b
}

// isElsewhere reports whether a context is none of the project's: what docker fetches, or
// what BuildKit knows by another name.
func isElsewhere(context string) bool {
	return strings.Contains(context, "://") || strings.HasPrefix(context, "git@") || strings.HasPrefix(context, "github.com/") || strings.HasPrefix(context, "service:")
}
