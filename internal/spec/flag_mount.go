package spec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// mountParts are the keys of --mount and of the parameter mounts. Source:
// docker/cli's opts/mount.go; community.docker's docker_container.
var mountParts = []part[Mount]{
	{key: "type", param: "type", allowed: "bind, volume (the default), tmpfs",
		set: word(func(m *Mount) *string { return &m.Type }, oneOf("bind", "volume", "tmpfs"))},
	{key: "source src", param: "source", allowed: "an absolute path of the host for bind, the name of a volume or none for volume",
		set: word(func(m *Mount) *string { return &m.Source }, canonicalMountSource)},
	{key: "target dst destination", param: "target", allowed: "an absolute path in the container",
		set: word(func(m *Mount) *string { return &m.Target }, canonicalMountTarget)},
	{key: "readonly ro", param: "read_only", allowed: "true, false", boolean: true,
		set: yes(func(m *Mount) *bool { return &m.ReadOnly })},
	{key: "bind-propagation", param: "propagation", allowed: "private, rprivate (the default), shared, rshared, slave, rslave",
		set: word(func(m *Mount) *string { return &m.Propagation }, func(s string) (string, error) {
			s, err := oneOf(volumeOptions[3]...)(s)
			return strings.TrimPrefix(s, "rprivate"), err
		})},
	{key: "bind-recursive", allowed: "enabled (the default), disabled, writable, readonly",
		set: word(func(m *Mount) *string { return &m.Recursive }, func(s string) (string, error) {
			s, err := oneOf("enabled", "disabled", "writable", "readonly")(s)
			return strings.TrimPrefix(s, "enabled"), err
		})},
	{param: "non_recursive", allowed: "true, false", set: recursive("disabled")},
	{param: "read_only_non_recursive", allowed: "true, false", set: recursive("writable")},
	{param: "read_only_force_recursive", allowed: "true, false", set: recursive("readonly")},
	{key: "bind-create-src", param: "create_mountpoint", allowed: "true, false", boolean: true,
		set: yes(func(m *Mount) *bool { return &m.CreateSource })},
	{key: "volume-nocopy", param: "no_copy", allowed: "true, false", boolean: true,
		set: yes(func(m *Mount) *bool { return &m.NoCopy })},
	{key: "volume-subpath", param: "subpath", allowed: "a relative path within the volume",
		set: word(func(m *Mount) *string { return &m.Subpath }, canonicalSubpath)},
	{key: "volume-driver", param: "volume_driver", allowed: "the name of a volume driver",
		set: word(func(m *Mount) *string { return &m.Driver }, canonicalDriver)},
	{key: "volume-opt", param: "volume_options", allowed: "key=value", repeats: true,
		set: keyValue(func(m *Mount) *map[string]string { return &m.DriverOptions })},
	{key: "volume-label", param: "labels", allowed: "key=value", repeats: true,
		set: keyValue(func(m *Mount) *map[string]string { return &m.Labels })},
	{key: "consistency", allowed: "nothing on Linux",
		set: func(*Mount, string) error { return errors.New("it" + noConsistency) }},
	{key: "tmpfs-size", param: "tmpfs_size", allowed: "a number with an optional unit b, k, m, g, t",
		set: func(m *Mount, v string) (err error) { m.Size, err = parseBytes(v); return err }},
	{key: "tmpfs-mode", param: "tmpfs_mode", allowed: "an octal number such as 1777",
		set: word(func(m *Mount) *string { return &m.Mode }, canonicalMode)},
}

// recursive is a parameter that is true for one value of bind-recursive.
func recursive(value string) func(*Mount, string) error {
	return func(m *Mount, v string) error {
		on, err := strconv.ParseBool(v)
		switch {
		case err != nil:
			return errors.New("neither true nor false")
		case on && m.Recursive != "":
			return errors.New("contradicts another key of the same mount")
		case on:
			m.Recursive = value
		}
		return nil
	}
}

func canonicalMountSource(s string) (string, error) {
	if err := knownVariables(s); err != nil {
		return "", err
	}
	return canonicalSource(s)
}

func canonicalMountTarget(s string) (string, error) {
	if err := knownVariables(s); err != nil {
		return "", err
	}
	return canonicalTarget(s)
}

// checkMount looks at the parts of m together.
func checkMount(m *Mount, called func(string) string) error {
	if m.Type == "" {
		m.Type = "volume"
	}
	for _, own := range []struct {
		given bool
		key   string
		kind  string
	}{
		{m.Propagation != "", "bind-propagation", "bind"},
		{m.Recursive != "", recursiveKey(m, called), "bind"},
		{m.CreateSource, "bind-create-src", "bind"},
		{m.NoCopy, "volume-nocopy", "volume"},
		{m.Subpath != "", "volume-subpath", "volume"},
		{m.Driver != "", "volume-driver", "volume"},
		{m.DriverOptions != nil, "volume-opt", "volume"},
		{m.Labels != nil, "volume-label", "volume"},
		{m.Size != 0, "tmpfs-size", "tmpfs"},
		{m.Mode != "", "tmpfs-mode", "tmpfs"},
	} {
		if own.given && m.Type != own.kind {
			return fmt.Errorf("%s is for %s %s, and this is of %s %s", called(own.key), called("type"), own.kind, called("type"), m.Type)
		}
	}
	path := strings.HasPrefix(m.Source, "/")
	switch {
	case m.Target == "":
		return fmt.Errorf("%s is missing", called("target"))
	case m.Type == "bind" && m.Source == "":
		return fmt.Errorf("%s is missing, which %s bind needs", called("source"), called("type"))
	case m.Type == "bind" && !path:
		return fmt.Errorf("%s %s is not an absolute path, as %s bind needs it", called("source"), quote(m.Source), called("type"))
	case m.Type == "volume" && path:
		return fmt.Errorf("%s %s is a path, which %s bind is for", called("source"), quote(m.Source), called("type"))
	case m.Type == "tmpfs" && m.Source != "":
		return fmt.Errorf("%s %s: %s tmpfs has none", called("source"), quote(m.Source), called("type"))
	case m.Subpath != "" && m.Source == "":
		return fmt.Errorf("%s is missing, which %s needs", called("source"), called("volume-subpath"))
	case (m.Recursive == "writable" || m.Recursive == "readonly") && !m.ReadOnly:
		return fmt.Errorf("%s is missing, which %s needs", called("readonly"), recursiveKey(m, called))
	}
	return nil
}

// recursiveKey is how m.Recursive was said: a parameter has a key for each value.
func recursiveKey(m *Mount, called func(string) string) string {
	if called("readonly") == "readonly" {
		return "bind-recursive"
	}
	return map[string]string{"disabled": "non_recursive", "writable": "read_only_non_recursive", "readonly": "read_only_force_recursive"}[m.Recursive]
}

func showMount(m Mount) string {
	pairs := []Pair{{"type", m.Type}}
	add := func(key, value string) {
		if value != "" {
			pairs = append(pairs, Pair{key, value})
		}
	}
	flag := func(key string, on bool) {
		if on {
			pairs = append(pairs, Pair{key, bare})
		}
	}
	add("source", m.Source)
	add("target", m.Target)
	flag("readonly", m.ReadOnly)
	add("bind-propagation", m.Propagation)
	add("bind-recursive", m.Recursive)
	flag("bind-create-src", m.CreateSource)
	flag("volume-nocopy", m.NoCopy)
	add("volume-subpath", m.Subpath)
	add("volume-driver", m.Driver)
	pairs = append(pairs, each("volume-opt", joined(m.DriverOptions))...)
	pairs = append(pairs, each("volume-label", joined(m.Labels))...)
	if m.Size != 0 {
		add("tmpfs-size", strconv.FormatInt(m.Size, 10))
	}
	add("tmpfs-mode", m.Mode)
	return writePairs(pairs)
}
