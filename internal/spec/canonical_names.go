package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"rundock/internal/nearest"
)

// checkEnvName takes more than a shell does, because programs do
// (discovery.type, Logging:Level), but nothing that is no file name in env/.
func checkEnvName(s string) error {
	if s == "" || !consists(s[:1], letters+"_") || !consists(s, alphanumeric+"_.:-") {
		return errors.New("the name is not that of an environment variable")
	}
	return nil
}

// CheckSecretName is the rule for names in Container.EnvSecrets: those of
// variables, each also the name of a file in env/.
func CheckSecretName(name string) error { return checkEnvName(name) }

// largestEnv is what Linux takes as NAME=value (MAX_ARG_STRLEN, with the byte that ends it): no
// program starts with a larger one.
const largestEnv = 128<<10 - 1

// CheckEnvSize refuses a variable with which no program starts.
func CheckEnvSize(name, value string) error {
	if n := len(name) + 1 + len(value); n > largestEnv {
		return fmt.Errorf("it has %d bytes with its name, and Linux starts no program with more than %d in a variable: put it into a file", n, largestEnv)
	}
	return nil
}

func canonicalEnv(name, value string, hasValue bool) (string, string, error) {
	if err := checkEnvName(name); err != nil {
		return "", "", err
	}
	if !hasValue {
		return "", "", errors.New("no value: docker run would take it from its own environment, which a service has not")
	}
	return name, value, CheckEnvSize(name, value)
}

func canonicalLabel(key, value string, _ bool) (string, string, error) {
	switch {
	case key == "":
		return "", "", errors.New("the key is missing")
	case strings.HasPrefix(key, "rundock."):
		return "", "", fmt.Errorf("%s is rundock's own", quote(key))
	case strings.ContainsFunc(key, unicode.IsSpace):
		return "", "", errors.New("the key holds a space")
	}
	return key, value, printable(key)
}

// capabilities of Linux 5.10 and later. Source: capabilities(7).
var capabilities = strings.Fields(`ALL
	AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER
	FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE
	NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE
	SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM`)

func canonicalCapability(s string) (string, error) {
	name := strings.TrimPrefix(strings.ToUpper(s), "CAP_")
	if slices.Contains(capabilities, name) {
		return name, nil
	}
	for _, c := range capabilities {
		if nearest.Distance(name, c) <= 2 {
			return "", fmt.Errorf("unknown capability; did you mean %s?", c)
		}
	}
	return "", errors.New("unknown capability")
}

func canonicalUser(s string) (string, error) {
	user, group, hasGroup := strings.Cut(s, ":")
	for _, name := range []string{user, group} {
		if name == "" && (name == user || hasGroup) || !consists(name, alphanumeric+"_.-") || strings.HasPrefix(name, "-") {
			return "", fmt.Errorf("%s is not the name or number of a user or group", quote(name))
		}
	}
	return s, nil
}

func canonicalShellCommand(s string) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", errors.New("empty")
	}
	return s, nil
}

// checkContainerName applies Docker's rule for names of containers.
func checkContainerName(s string) error {
	if !IsName(s) {
		return fmt.Errorf("%s is not the name of a container", quote(s))
	}
	return nil
}

// canonicalDriver is the name of a plugin: of a volume driver, a device
// driver, a runtime.
func canonicalDriver(s string) (string, error) {
	if s == "" || !consists(s[:1], alphanumeric) || !consists(s, alphanumeric+"_.-/:") {
		return "", fmt.Errorf("%s is not such a name", quote(s))
	}
	return s, nil
}

func canonicalGroup(s string) (string, error) {
	if s == "" || !consists(s, alphanumeric+"_.-") || strings.HasPrefix(s, "-") {
		return "", fmt.Errorf("%s is not the name or number of a group", quote(s))
	}
	return s, nil
}

func canonicalAnnotation(key, value string, has bool) (string, string, error) {
	switch {
	case key == "":
		return "", "", errors.New("the key is missing")
	case !has || value == "":
		return "", "", errors.New("no value")
	}
	return key, value, printable(key)
}
