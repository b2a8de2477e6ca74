package spec

import (
	"errors"
	"fmt"
	"math"
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
		err = errors.New("less than 6m; for no limit leave it away")
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
	name, limits, ok := strings.Cut(s, "=")
	soft, hard, both := strings.Cut(limits, ":")
	if !ok || name == "" {
		return "", errors.New("not of the form name=soft[:hard]")
	}
	for _, n := range []string{soft, hard} {
		if n == hard && !both {
			continue
		}
		if strings.EqualFold(n, "unlimited") || strings.EqualFold(n, "infinity") {
			return "", fmt.Errorf("%s is written -1", n)
		}
		if v, err := strconv.ParseInt(n, 10, 64); err != nil || v < -1 {
			return "", fmt.Errorf("%s is neither a number nor -1, which is unlimited", quote(n))
		}
	}
	u, err := units.ParseUlimit(s)
	switch {
	case err == nil:
	case strings.Contains(err.Error(), "limit must be"):
		return "", errors.New("the soft limit is above the hard one")
	default:
		return "", fmt.Errorf("there is no limit called %s", quote(name))
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
		return "", errors.New("less than 1ms; for the image's value leave it away")
	}
	return d.String(), nil
}

func parseWhole(s string, low, high int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, errors.New("not a number")
	}
	switch {
	case n >= low && n <= high:
		return n, nil
	case n < low:
		return 0, fmt.Errorf("less than %d", low)
	}
	return 0, fmt.Errorf("more than %d", high)
}

// parsePids takes Docker's ways of saying that there is no limit.
func parsePids(s string) (int, error) {
	if s == "-1" || s == "0" {
		return 0, nil
	}
	return parseWhole(s, 1, math.MaxInt32)
}

func parseSwap(s string) (int64, error) {
	if s == "-1" {
		return -1, nil
	}
	return parseMemory(s)
}

func parseShm(s string) (int64, error) {
	n, err := parseSize(s)
	if err == nil && n == 0 {
		err = errors.New("no size at all; for Docker's own leave it away")
	}
	return n, err
}

// canonicalSet is a list of numbers and ranges as cpuset(7) writes it, sorted
// and joined: "0,2,1" is "0-2".
func canonicalSet(s string) (string, error) {
	var in [1<<16 + 1]bool // the last one is never in: it ends every range
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, errA := strconv.ParseUint(first, 10, 16)
		b, errB := strconv.ParseUint(last, 10, 16)
		if errA != nil || errB != nil {
			return "", fmt.Errorf("%s is neither a number nor a range", quote(part))
		}
		if b < a {
			return "", fmt.Errorf("the range %s ends before it begins", part)
		}
		for n := a; n <= b; n++ {
			in[n] = true
		}
	}
	var out []string
	for n, start := 0, -1; n < len(in); n++ {
		switch {
		case in[n] && start < 0:
			start = n
		case !in[n] && start >= 0:
			out = append(out, span{start, n - 1}.String())
			start = -1
		}
	}
	return strings.Join(out, ","), nil
}

// canonicalRate is for a device and its limit; amount checks the limit.
func canonicalRate(amount func(string) (int64, error)) func(string, string, bool) (string, string, error) {
	return func(device, limit string, has bool) (string, string, error) {
		device, err := canonicalPath(device)
		if err != nil {
			return "", "", err
		}
		if !has {
			return "", "", errors.New("the limit is missing")
		}
		n, err := amount(limit)
		return device, strconv.FormatInt(n, 10), err
	}
}

func parseBytes(s string) (int64, error) {
	n, err := parseSize(s)
	if err == nil && n == 0 {
		err = errors.New("zero would stop all of it")
	}
	return n, err
}

func parseCount(low, high int) func(string) (int64, error) {
	return func(s string) (int64, error) {
		n, err := parseWhole(s, low, high)
		return int64(n), err
	}
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
