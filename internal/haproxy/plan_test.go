package haproxy

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPlan(t *testing.T) {
	for name, c := range map[string]struct {
		have string // a slot a line: address or -, sessions, status
		want string
		do   string // commands without "set server b/", with ; between
		full string
	}{
		"nothing is wanted":                 {have: "- 0 MAINT"},
		"a new instance is drained first":   {have: "- 0 MAINT\n- 0 MAINT", want: "10.0.0.1:80", do: "s1 addr 10.0.0.1 port 80; s1 state drain"},
		"it is not ready before its check":  {have: "10.0.0.1:80 0 DRAIN 1/3", want: "10.0.0.1:80"},
		"nor while it is down":              {have: "10.0.0.1:80 0 DOWN 1/2", want: "10.0.0.1:80"},
		"it is ready when exactly DRAIN":    {have: "10.0.0.1:80 0 DRAIN", want: "10.0.0.1:80", do: "s1 state ready"},
		"one that is up stays":              {have: "10.0.0.1:80 9 UP", want: "10.0.0.1:80"},
		"one that may go down stays":        {have: "10.0.0.1:80 9 UP 2/3", want: "10.0.0.1:80"},
		"one that HAProxy started without":  {have: "10.0.0.1:80 0 MAINT", want: "10.0.0.1:80", do: "s1 state drain"},
		"one that is not wanted is drained": {have: "10.0.0.1:80 2 UP", do: "s1 state drain"},
		"it keeps its slot for sessions":    {have: "10.0.0.1:80 2 DRAIN"},
		"and then loses it":                 {have: "10.0.0.1:80 0 DRAIN", do: "s1 state maint; s1 addr 127.0.0.1 port 1"},
		"also when it is down":              {have: "10.0.0.1:80 0 DOWN", do: "s1 state maint; s1 addr 127.0.0.1 port 1"},
		"an interrupted removal is ended":   {have: "10.0.0.1:80 0 MAINT", do: "s1 addr 127.0.0.1 port 1"},
		"a slot without address is emptied": {have: "- 0 DRAIN 1/3", do: "s1 state maint; s1 addr 127.0.0.1 port 1"},
		"one takes the place of another": {
			have: "10.0.0.1:80 1 UP\n- 0 MAINT", want: "10.0.0.2:80",
			do: "s1 state drain; s2 addr 10.0.0.2 port 80; s2 state drain",
		},
		"a wanted one twice": {
			have: "10.0.0.1:80 1 UP\n10.0.0.1:80 0 UP", want: "10.0.0.1:80", do: "s2 state drain",
		},
		"too many": {
			have: "10.0.0.1:80 1 UP", want: "10.0.0.1:80 [fd00::1]:80",
			full: "there is no free slot for [fd00::1]:80: the service has 1 slots",
		},
	} {
		var have []Slot
		for i, line := range strings.Split(c.have, "\n") {
			f := strings.SplitN(line, " ", 3)
			s := Slot{Name: slotName(i), Status: f[2], Sessions: int(f[1][0] - '0')}
			if f[0] != "-" {
				s.Addr = netip.MustParseAddrPort(f[0])
			}
			have = append(have, s)
		}
		var want []netip.AddrPort
		for _, a := range strings.Fields(c.want) {
			want = append(want, netip.MustParseAddrPort(a))
		}
		commands, full := Plan("b", have, want)
		if do := strings.ReplaceAll(strings.Join(commands, "; "), "set server b/", ""); do != c.do || full != c.full {
			t.Errorf("%s: Plan = %q, %q; want %q, %q", name, do, full, c.do, c.full)
		}
	}
}

func TestMapCommands(t *testing.T) {
	site := Site{Folder: "/f"}
	blue, green := Route{Backend: "a-blue"}, Route{Backend: "a-green"}
	canary := Route{Backend: "a-blue", Canary: "a-green", Share: Share(10)}
	for name, c := range map[string]struct {
		now, want Route
		do        string
	}{
		"nothing changes":    {blue, blue, ""},
		"a flip":             {blue, green, "routes.map a/canary a-green; routes.map a a-green"},
		"a share is given":   {blue, canary, "routes.map a/canary a-green; shares.map a 1000"},
		"it grows":           {canary, Route{"a-blue", "a-green", Share(20)}, "shares.map a 2000"},
		"it is taken back":   {canary, blue, "shares.map a 0; routes.map a/canary a-blue"},
		"the canary has all": {canary, green, "shares.map a 0; routes.map a a-green"},
	} {
		commands := MapCommands(site, map[string]Route{"a": c.now}, map[string]Route{"a": c.want, "unknown": blue})
		if do := strings.ReplaceAll(strings.Join(commands, "; "), "set map /f/", ""); do != c.do {
			t.Errorf("%s: %q, want %q", name, do, c.do)
		}
	}
}
