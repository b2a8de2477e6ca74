package spec

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"rundock/internal/nearest"
)

const (
	letters      = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alphanumeric = letters + "0123456789"
)

// consists reports whether s holds only characters of chars, all ASCII.
func consists(s, chars string) bool { return strings.Trim(s, chars) == "" }

func printable(s string) error {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%s holds a control character", quote(s))
		}
	}
	return nil
}

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

func canonicalEnv(name, value string, hasValue bool) (string, string, error) {
	if err := checkEnvName(name); err != nil {
		return "", "", err
	}
	if !hasValue {
		return "", "", errors.New("no value: docker run would take it from its own environment, which a service has not")
	}
	return name, value, nil
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

// canonicalLogOption knows the options of Docker's local log driver. Source:
// docker's daemon/logger/local/local.go.
func canonicalLogOption(name, value string, hasValue bool) (string, string, error) {
	if !hasValue {
		return "", "", errors.New("no value")
	}
	switch name {
	case "max-size":
		n, err := parseSize(value)
		if err == nil && n == 0 {
			err = errors.New("not a size")
		}
		return name, strconv.FormatInt(n, 10), err
	case "max-file":
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil || n == 0 {
			return "", "", errors.New("not a number of at least 1")
		}
		return name, strconv.FormatUint(n, 10), nil
	case "compress":
		b, err := strconv.ParseBool(value)
		if err != nil {
			return "", "", errors.New("neither true nor false")
		}
		return name, strconv.FormatBool(b), nil
	}
	return "", "", fmt.Errorf("the local driver has no option %s", quote(name))
}
