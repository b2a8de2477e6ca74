package spec

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// signals are Linux's by number, from 1. Source: signal(7).
var signals = strings.Fields(`HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP
	TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS`)

const (
	firstRealTime = 34 // RTMIN, as the C library counts
	lastRealTime  = 64 // RTMAX
)

// canonicalSignal is SIGQUIT for quit, QUIT, SIGQUIT and 3.
func canonicalSignal(s string) (string, error) {
	name := strings.TrimPrefix(strings.ToUpper(s), "SIG")
	if n, err := strconv.Atoi(s); err == nil {
		switch {
		case n >= 1 && n <= len(signals):
			name = signals[n-1]
		case n >= firstRealTime && n <= lastRealTime:
			name = realTime(n)
		default:
			return "", errors.New("not the number of a signal")
		}
	}
	if offset, ok := strings.CutPrefix(name, "RTMIN+"); ok {
		n, err := parseWhole(offset, 0, lastRealTime-firstRealTime)
		return "SIG" + realTime(firstRealTime+n), err
	}
	if offset, ok := strings.CutPrefix(name, "RTMAX-"); ok {
		n, err := parseWhole(offset, 0, lastRealTime-firstRealTime)
		return "SIG" + realTime(lastRealTime-n), err
	}
	if !slices.Contains(signals, name) && name != "RTMIN" && name != "RTMAX" {
		return "", errors.New("not the name of a signal")
	}
	return "SIG" + name, nil
}

// realTime is the name that Docker knows: RTMIN+1 to RTMIN+15, RTMAX-14 to RTMAX-1.
func realTime(n int) string {
	switch {
	case n == firstRealTime:
		return "RTMIN"
	case n == lastRealTime:
		return "RTMAX"
	case n-firstRealTime <= 15:
		return fmt.Sprintf("RTMIN+%d", n-firstRealTime)
	}
	return fmt.Sprintf("RTMAX-%d", lastRealTime-n)
}

// sysctls that belong to a container's own namespaces. Source: docker/cli's
// opts.ValidateSysctl.
var (
	ipcSysctls = strings.Fields("kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced")
	netPrefix  = "net."
	ipcPrefix  = "fs.mqueue."
)

func canonicalSysctl(name, value string, has bool) (string, string, error) {
	switch {
	case !has:
		return "", "", errors.New("no value")
	case !consists(name, alphanumeric+"_.-/") || !ipcSysctl(name) && !strings.HasPrefix(name, netPrefix):
		return "", "", fmt.Errorf("%s belongs to the host, not to a namespace of the container", quote(name))
	}
	return name, strings.TrimSpace(value), printable(value)
}

func ipcSysctl(name string) bool {
	return slices.Contains(ipcSysctls, name) || strings.HasPrefix(name, ipcPrefix)
}

// canonicalSecurityOption is name or name=value. Source: docker/cli's
// parseSecurityOpts; moby's daemon/daemon_unix.go, parseSecurityOpt.
func canonicalSecurityOption(s string) (string, error) {
	name, value, has := strings.Cut(s, "=")
	if !has {
		name, value, has = strings.Cut(s, ":")
	}
	switch name {
	case "no-new-privileges", "writable-cgroups":
		on := true
		if has {
			var err error
			if on, err = strconv.ParseBool(value); err != nil {
				return "", errors.New("neither true nor false")
			}
		}
		if on && name == "no-new-privileges" {
			return name, nil
		}
		return name + "=" + strconv.FormatBool(on), nil
	case "systempaths":
		if value != "unconfined" {
			return "", fmt.Errorf("systempaths %s is not unconfined", quote(value))
		}
	case "seccomp":
		if value == "unconfined" || value == "builtin" {
			break
		}
		path, err := canonicalPath(value)
		return name + "=" + path, err
	case "apparmor":
		if value == "" || !consists(value, alphanumeric+"_.-/:@+") {
			return "", fmt.Errorf("%s is not the name of a profile", quote(value))
		}
	case "label":
		kind, what, hasWhat := strings.Cut(value, ":")
		if value != "disable" && (!slices.Contains([]string{"user", "role", "type", "level", "filetype"}, kind) || !hasWhat || what == "") {
			return "", fmt.Errorf("label %s is unknown", quote(value))
		}
	default:
		return "", fmt.Errorf("unknown option %s", quote(name))
	}
	return name + "=" + value, printable(value)
}

// canonicalNamespace takes a few words, and container:NAME where others can
// be joined.
func canonicalNamespace(joins bool, words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if name, ok := strings.CutPrefix(s, "container:"); ok && joins {
			return s, checkContainerName(name)
		}
		return oneOf(words...)(s)
	}
}

// canonicalCgroupParent is a path of cgroupfs, or a slice of systemd.
func canonicalCgroupParent(s string) (string, error) {
	if s == "" || !consists(s, alphanumeric+"_.-/:@\\") || slices.Contains(strings.Split(s, "/"), "..") {
		return "", errors.New("not the name of a cgroup")
	}
	return s, nil
}

func canonicalPlatform(s string) (string, error) {
	parts := strings.Split(strings.ToLower(s), "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] != "linux" {
		return "", errors.New("not of the form linux/architecture[/variant]")
	}
	for _, p := range parts {
		if p == "" || !consists(p, alphanumeric+"_") {
			return "", errors.New("not of the form linux/architecture[/variant]")
		}
	}
	return strings.Join(parts, "/"), nil
}

func canonicalStorageOption(key, value string, has bool) (string, string, error) {
	if !has || value == "" || key == "" || !consists(key, alphanumeric+"_.-") {
		return "", "", errors.New("not of the form key=value")
	}
	return key, value, printable(value)
}
