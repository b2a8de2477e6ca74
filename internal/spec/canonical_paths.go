package spec

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// canonicalPath is an absolute path without variables, cleaned.
func canonicalPath(s string) (string, error) {
	if strings.Contains(s, "$") {
		return "", errors.New("variables are not expanded here")
	}
	return cleanPath(s)
}

func cleanPath(s string) (string, error) {
	if !strings.HasPrefix(s, "/") {
		return "", fmt.Errorf("%s is not an absolute path", quote(s))
	}
	if err := printable(s); err != nil {
		return "", err
	}
	return path.Clean(s), nil
}

// canonicalTarget is the path of a mount in the container.
func canonicalTarget(s string) (string, error) {
	target, err := cleanPath(s)
	if target == "/" {
		return "", errors.New("nothing can be mounted over the container's root")
	}
	return target, err
}

// Options of -v in their canonical order, in groups of which one may be given.
// Source: docker's volume/mounts/linux_parser.go.
var volumeOptions = [][]string{
	{"ro", "rw"},
	{"z", "Z"},
	{"nocopy"},
	{"shared", "slave", "private", "rshared", "rslave", "rprivate"},
}

func canonicalVolume(s string) (string, error) {
	if err := knownVariables(s); err != nil {
		return "", err
	}
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return "", errors.New("more than three parts")
	}
	if len(parts) == 1 {
		return canonicalTarget(s)
	}
	source, err := canonicalSource(parts[0])
	if err != nil {
		return "", err
	}
	target, err := canonicalTarget(parts[1])
	if err != nil {
		return "", err
	}
	if len(parts) == 2 {
		return source + ":" + target, nil
	}
	options, err := canonicalVolumeOptions(parts[2], source[0] == '/')
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(source+":"+target+":"+options, ":"), nil
}

func canonicalSource(s string) (string, error) {
	if strings.HasPrefix(s, "/") {
		return cleanPath(s)
	}
	// What a variable stands for is harmless in a name.
	name := substitute(s, func(string) (string, bool) { return "x", true })
	if strings.ContainsAny(s, "/") || strings.HasPrefix(s, ".") {
		return "", fmt.Errorf("source %s is a relative path", quote(s))
	}
	if len(s) < 2 || !consists(name[:1], alphanumeric) || !consists(name, alphanumeric+"_.-") {
		return "", fmt.Errorf("source %s is neither an absolute path nor the name of a volume", quote(s))
	}
	return s, nil
}

func canonicalVolumeOptions(s string, directory bool) (string, error) {
	given := make([]string, len(volumeOptions))
	for o := range strings.SplitSeq(s, ",") {
		i := slices.IndexFunc(volumeOptions, func(group []string) bool { return slices.Contains(group, o) })
		switch {
		case slices.Contains(consistencies, o):
			return "", errors.New(o + noConsistency)
		case i < 0:
			return "", fmt.Errorf("unknown option %s", quote(o))
		case given[i] != "" && given[i] != o:
			return "", fmt.Errorf("options %s and %s contradict each other", given[i], o)
		case i == 2 && directory:
			return "", errors.New("nocopy is for volumes, not for directories")
		case i == 3 && !directory:
			return "", fmt.Errorf("%s is for directories, not for volumes", o)
		}
		given[i] = o
	}
	return strings.Join(slices.DeleteFunc(given, func(o string) bool { return o == "" || o == "rw" }), ","), nil
}

// consistencies are what Docker Desktop on a Mac takes.
var consistencies = []string{"consistent", "cached", "delegated"}

const noConsistency = " is for Docker Desktop on a Mac, and does nothing on Linux: leave it out"

func canonicalVolumesFrom(s string) (string, error) {
	name, mode, ok := strings.Cut(s, ":")
	if err := checkContainerName(name); err != nil {
		return "", err
	}
	if ok && mode != "ro" && mode != "rw" {
		return "", fmt.Errorf("unknown option %s", quote(mode))
	}
	return strings.TrimSuffix(s, ":rw"), nil
}

// Options of a tmpfs: flags, and those with a value by the characters it is
// made of. Source: tmpfs(5).
var (
	tmpfsFlags  = []string{"ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "noatime"}
	tmpfsValues = map[string]string{"size": "kKmMgG%", "nr_inodes": "kKmMgG", "nr_blocks": "kKmMgG", "mode": "", "uid": "", "gid": ""}
)

func canonicalTmpfs(target, options string, _ bool) (string, string, error) {
	if strings.Contains(target, "$") {
		return "", "", errors.New("variables are not expanded here")
	}
	target, err := canonicalTarget(target)
	if err != nil || options == "" {
		return target, "", err
	}
	seen := map[string]bool{}
	for o := range strings.SplitSeq(options, ",") {
		name, value, hasValue := strings.Cut(o, "=")
		units, takesValue := tmpfsValues[name]
		if seen[name] {
			return "", "", fmt.Errorf("option %s is given twice", name)
		}
		seen[name] = true
		if !takesValue && (hasValue || !slices.Contains(tmpfsFlags, name)) {
			return "", "", fmt.Errorf("unknown option %s", quote(o))
		}
		if !takesValue {
			continue
		}
		digits := "0123456789"
		if name == "mode" {
			digits = "01234567"
		}
		number := value
		if value != "" && strings.ContainsAny(value[len(value)-1:], units) {
			number = value[:len(value)-1]
		}
		if number == "" || !consists(number, digits) {
			return "", "", fmt.Errorf("option %s has no proper value", quote(o))
		}
	}
	return target, options, nil
}

func canonicalDevice(s string) (string, error) {
	parts := strings.Split(s, ":")
	if len(parts) == 2 && !strings.HasPrefix(parts[1], "/") {
		parts = []string{parts[0], parts[0], parts[1]}
	}
	if len(parts) > 3 {
		return "", errors.New("more than three parts")
	}
	host, err := canonicalPath(parts[0])
	if err != nil {
		return "", err
	}
	inside, permissions := host, "rwm"
	if len(parts) > 1 {
		if inside, err = canonicalPath(parts[1]); err != nil {
			return "", err
		}
	}
	if len(parts) > 2 {
		if permissions, err = canonicalPermissions(parts[2]); err != nil {
			return "", err
		}
	}
	switch {
	case permissions != "rwm":
		return host + ":" + inside + ":" + permissions, nil
	case inside != host:
		return host + ":" + inside, nil
	}
	return host, nil
}

func canonicalPermissions(s string) (string, error) {
	var out string
	for _, p := range []string{"r", "w", "m"} {
		if strings.Contains(s, p) {
			out += p
		}
	}
	if s == "" || len(out) != len(s) {
		return "", fmt.Errorf("permissions %s are not of r, w and m, each once", quote(s))
	}
	return out, nil
}

func canonicalSubpath(s string) (string, error) {
	if s == "" || strings.HasPrefix(s, "/") || slices.Contains(strings.Split(s, "/"), "..") {
		return "", errors.New("not such a path")
	}
	path, err := cleanPath("/" + s)
	return strings.TrimPrefix(path, "/"), err
}

func canonicalMode(s string) (string, error) {
	n, err := strconv.ParseUint(s, 8, 16)
	if err != nil || n == 0 || n > 0o7777 {
		return "", errors.New("not such a number")
	}
	return strconv.FormatUint(n, 8), nil
}

// canonicalDeviceRule is a rule of the devices cgroup: "c 188:* rwm".
func canonicalDeviceRule(s string) (string, error) {
	words := strings.Fields(s)
	if len(words) != 3 || len(words[0]) != 1 || !consists(words[0], "abc") {
		return "", errors.New("not of the form type major:minor permissions")
	}
	major, minor, ok := strings.Cut(words[1], ":")
	for _, n := range []string{major, minor} {
		if n != "*" && (n == "" || !consists(n, "0123456789")) {
			ok = false
		}
	}
	if !ok {
		return "", errors.New("not of the form type major:minor permissions")
	}
	permissions, err := canonicalPermissions(words[2])
	return words[0] + " " + words[1] + " " + permissions, err
}
