package spec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// minMemory is dockerd's lower limit (daemon/daemon_unix.go, linuxMinMemory).
const minMemory = 6 << 20

func parseMemory(s string) (int64, error) {
	n, err := parseSize(s)
	if err == nil && n < minMemory {
		err = errors.New("less than 6m; for no limit leave the flag away")
	}
	return n, err
}

// parseSize reads a number of bytes, with docker's units: k is 1024.
func parseSize(s string) (int64, error) {
	// units would take "1e30" and " 5" as well.
	if !consists(s, alphanumeric+".") || strings.ContainsAny(strings.ToLower(s), "ex") {
		return 0, errors.New("not a size")
	}
	n, err := units.RAMInBytes(s)
	if err != nil {
		return 0, errors.New("not a size")
	}
	if n < 0 || n > 1<<53 { // beyond, a float counts no single bytes
		return 0, errors.New("too large")
	}
	return n, nil
}

func canonicalCPUs(s string) (string, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if whole+fraction == "" || !consists(whole+fraction, "0123456789") {
		return "", errors.New("not a decimal number")
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	switch {
	case len(fraction) > 9:
		return "", errors.New("more than nine decimals")
	case len(whole) > 5:
		return "", errors.New("more processors than there are")
	case whole == "" && (fraction == "" || strings.HasPrefix(fraction, "00")):
		return "", errors.New("less than 0.01")
	case whole == "":
		whole = "0"
	}
	return strings.TrimSuffix(whole+"."+fraction, "."), nil
}

func canonicalUlimit(s string) (string, error) {
	u, err := units.ParseUlimit(s)
	if err != nil {
		return "", err
	}
	if u.Soft < -1 || u.Hard < -1 {
		return "", errors.New("negative")
	}
	if u.Soft == u.Hard {
		return fmt.Sprintf("%s=%d", u.Name, u.Soft), nil
	}
	return u.String(), nil
}

func canonicalDuration(s string) (string, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return "", errors.New("not a duration")
	}
	if d < time.Millisecond { // dockerd's own limit
		return "", errors.New("less than 1ms; for the image's value leave the flag away")
	}
	return d.String(), nil
}

func parseRetries(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return 0, errors.New("not such a number")
	}
	return int(n), nil
}
