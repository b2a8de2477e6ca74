package haproxy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// All texts of the settings are words of HAProxy's configuration: what is
// checked here is also that none of them can be more than one.
var (
	label    = pattern(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	portName = pattern(`^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$`)
	hostName = pattern(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)([.][a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)
	urlPath  = pattern(`^/[A-Za-z0-9._~!*+,;=:@%/?&-]*$`)
	fileName = pattern(`^/[A-Za-z0-9._@+/-]+$`)
	userName = pattern(`^[A-Za-z0-9._@-]+$`)
)

// pattern is compiled when it is first used: each runner and sidecar has this
// package in it, and checks no settings.
func pattern(expression string) (matches func(string) bool) {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
	return func(s string) bool { return compiled().MatchString(s) }
}

func (s Settings) check() error {
	if s.Version != Version {
		return fmt.Errorf("version is %d, this release reads %d", s.Version, Version)
	}
	if len(s.Frontends) == 0 {
		return errors.New("frontends: there is none, so nothing would be balanced")
	}
	names, binds := map[string]bool{}, map[string]string{}
	for i, f := range s.Frontends {
		at := fmt.Sprintf("frontends[%d]", i)
		if f.Name != "" {
			at = "frontend " + f.Name
		}
		if err := f.check(binds); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if names[f.Name] {
			return fmt.Errorf("%s: there are two of this name", at)
		}
		names[f.Name] = true
	}
	if s.Stats != nil {
		if err := s.Stats.check(binds); err != nil {
			return fmt.Errorf("stats: %w", err)
		}
	}
	return s.checkServices()
}

func (s Settings) checkServices() error {
	used, backends := map[string]bool{}, map[string]string{}
	for _, f := range s.Frontends {
		used[f.Service] = true
		for _, r := range f.Rules {
			used[r.Service] = true
		}
	}
	for _, v := range s.Services {
		if err := v.check(); err != nil {
			return fmt.Errorf("service %s: %w", v.Name, err)
		}
		if !used[v.Name] {
			return fmt.Errorf("service %s: no frontend gives it requests", v.Name)
		}
		for _, colour := range colours {
			name := Backend(v.Name, colour)
			if other, ok := backends[name]; ok {
				return fmt.Errorf("service %s: its backend %s would be one of service %s as well", v.Name, name, other)
			}
			backends[name] = v.Name
		}
	}
	return nil
}

func (f Frontend) check(binds map[string]string) error {
	switch {
	case !label(f.Name):
		return fmt.Errorf("name %q: want lower-case letters, digits and -", f.Name)
	case f.Name == statistics:
		return fmt.Errorf("name %q is that of the statistics page", f.Name)
	case len(f.Bind) == 0:
		return errors.New("bind: want ADDRESS:PORT, such as *:80")
	case f.Redirect && (len(f.Rules) > 0 || f.Service != ""):
		return errors.New("redirect: one that redirects all has no rules and no service")
	case f.Redirect && len(f.Certificates) > 0:
		return errors.New("redirect: it is to TLS, and with certificates this is TLS already")
	case !f.Redirect && len(f.Rules) == 0 && f.Service == "":
		return errors.New("want rules, a service, or redirect")
	case f.Service != "" && !label(f.Service):
		return fmt.Errorf("service %q is not a DNS label", f.Service)
	}
	for _, b := range f.Bind {
		if err := checkBind(b, "frontend "+f.Name, binds); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
	}
	for _, c := range f.Certificates {
		if !fileName(c) || filepath.Clean(c) != c {
			return fmt.Errorf("certificates: %q is not the absolute path of a file, of letters, digits and ._@+-/", c)
		}
	}
	for i, r := range f.Rules {
		if err := r.check(); err != nil {
			return fmt.Errorf("rules[%d]: %w", i, err)
		}
	}
	return nil
}

func (r Rule) check() error {
	if !label(r.Service) {
		return fmt.Errorf("service %q is not a DNS label", r.Service)
	}
	if len(r.Hosts)+len(r.Paths) == 0 {
		return fmt.Errorf("service %s: a rule without hosts and paths hides what follows: make it the frontend's service", r.Service)
	}
	for _, h := range r.Hosts {
		if !hostName(strings.TrimPrefix(h, "*.")) {
			return fmt.Errorf("hosts: %q is not a lower-case host name, nor *. and one", h)
		}
	}
	for _, p := range r.Paths {
		if !urlPath(p) || strings.ContainsAny(p, "?") {
			return fmt.Errorf("paths: %q does not begin with /, or is not a path", p)
		}
	}
	return nil
}

func (v Service) check() error {
	switch c := v.Check; {
	case !label(v.Name):
		return fmt.Errorf("name %q is not a DNS label", v.Name)
	case v.Port != "" && !portName(v.Port):
		return fmt.Errorf("port %q is not the name of a port", v.Port)
	case v.Slots < 1 || v.Slots > 200:
		return fmt.Errorf("slots is %d: want 1 to 200", v.Slots)
	case *v.Floor < 0 || *v.Floor > v.Slots:
		return fmt.Errorf("floor is %d: want 0 to slots, which is %d", *v.Floor, v.Slots)
	case c.Path != "" && !urlPath(c.Path):
		return fmt.Errorf("check.path %q does not begin with /, or is not a path", c.Path)
	case !hostName(c.Host):
		return fmt.Errorf("check.host %q is not a lower-case host name", c.Host)
	case c.Rise < 1 || c.Rise > 100:
		return fmt.Errorf("check.rise is %d: want 1 to 100", c.Rise)
	case c.Fall < 2 || c.Fall > 100:
		// With 1, an instance that was never checked looks like one that is up.
		return fmt.Errorf("check.fall is %d: want 2 to 100", c.Fall)
	}
	return nil
}

func (s Stats) check(binds map[string]string) error {
	if err := checkBind(s.Bind, "stats", binds); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if !userName(s.User) {
		return fmt.Errorf("user %q: want letters, digits and ._@-", s.User)
	}
	if !fileName(s.PasswordFile) {
		return fmt.Errorf("password_file %q is not the absolute path of a file", s.PasswordFile)
	}
	return nil
}

// checkBind refuses what is not ADDRESS:PORT, and what somebody else in binds
// has.
func checkBind(bind, who string, binds map[string]string) error {
	host, port, err := net.SplitHostPort(bind)
	if err != nil {
		return fmt.Errorf("%q: want ADDRESS:PORT, such as *:80", bind)
	}
	if host != "" && host != "*" {
		if a, err := netip.ParseAddr(host); err != nil || a.Zone() != "" {
			return fmt.Errorf("%q: %s is not an address", bind, host)
		}
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("%q: port %s is not between 1 and 65535", bind, port)
	}
	if other, ok := binds[bind]; ok {
		return fmt.Errorf("%q: %s has it already", bind, other)
	}
	binds[bind] = who
	return nil
}
