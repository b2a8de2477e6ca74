// Package filter reports how the packet filter of a host stands, as `rundockd filter
// status`, `rundockd status` and `rundockd explain` show it: what was found out, a pure
// judgement of it, and the shapes for people and JSON.
package filter

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/sitefilter"
	"rundock/supervisor/process"
	"rundock/supervisor/report"
)

// Settings is where the packet filter's settings are; without them there is none.
const Settings = "/etc/rundock/filter.json"

// Facts are what is known of a host's packet filter.
type Facts struct {
	Wanted bool // there are settings
	Digest string
	Says   control.FilterStatus
	Unread report.Trouble // why its status cannot be read
	Alive  bool           // the process that wrote the status is there
	Mute   time.Duration  // for how long it has said nothing, if that is too long

	Private string     // the interface by which other hosts know this one
	KnownBy netip.Addr // its address there as site.yml last saw it
	Address netip.Addr // that of IPv4 which it has there now; invalid where it has none
	Counts  bool       // other hosts let that in all the same
}

// Gather finds out about it.
func Gather() Facts {
	f := Facts{Digest: control.FileSum(Settings)}
	_, err := os.Lstat(Settings)
	f.Wanted = !errors.Is(err, fs.ErrNotExist)
	f.Says, err = control.ReadFilter(control.Dir)
	f.Unread, f.Alive, f.Mute = report.TroubleOf(err), f.Says.PID != 0 && process.IsRundockd(f.Says.PID, "filter"), f.Says.Mute(control.Clock())
	f.lookAtAddress()
	return f
}

// lookAtAddress finds out by which address other hosts know this one, and which it has.
func (f *Facts) lookAtAddress() {
	data, err := os.ReadFile(Settings)
	if err != nil {
		return
	}
	s, err := sitefilter.Parse(data)
	if err != nil {
		return // the process says so
	}
	f.Private, f.KnownBy = s.Private, s.Hosts[s.Host]
	var c hostconfig.Config
	c.Private.Interface = s.Private
	if a, err := c.PrivateAddress(); err == nil && a.Is4() {
		f.Address, f.Counts = a, s.Counts(a)
	}
}

// moved reports whether other hosts refuse this one, as it has another address than they know.
func (f Facts) moved() bool {
	return f.Address.IsValid() && f.Address != f.KnownBy && !f.Counts
}

// Status is what `rundockd filter status --json` prints. Its field names stay.
type Status struct {
	control.FilterStatus
	Wanted  bool   `json:"wanted"` // the inventory has the host filter
	Alive   bool   `json:"alive"`
	Problem string `json:"problem,omitempty"`
	Next    string `json:"next,omitempty"`
}

// StatusOf judges it.
func StatusOf(f Facts) Status {
	s := Status{FilterStatus: f.Says, Wanted: f.Wanted, Alive: f.Alive}
	s.Problem, s.Next = judge(f)
	return s
}

// Everywhere is what has all hosts know the addresses that each has.
const Everywhere = "ansible-playbook -i inventory playbooks/site.yml, for all hosts, on the machine with the inventory"

// judge says what is wrong, and what to do next.
func judge(f Facts) (problem, next string) {
	const look = "sv status " + control.FilterService + "; tail /var/log/" + control.FilterService + "/current"
	switch {
	case !f.Wanted:
		return "", ""
	case f.Unread.Failed():
		return f.Unread.Text, "sv hup " + control.FilterService
	case !f.Alive:
		return "rundockd filter does not run: what it refused is refused on, and containers do not reach ports of this host that are published from now on", look
	case f.Mute > 0:
		return fmt.Sprintf("rundockd filter, process %d, has said nothing for %s", f.Says.PID, report.Span(f.Mute)), "sv -w 20 force-restart " + control.FilterService
	case f.Says.Reason != "":
		return f.Says.Reason, "it tries again by itself; " + look
	case f.Says.Digest != f.Digest:
		return Settings + " is another one than rundockd filter has read", "rundockd filter check " + Settings + " && sv hup " + control.FilterService
	case f.moved():
		return fmt.Sprintf("this host has the address %s at %s, and the site knows it by %s: the other hosts do not let it in to etcd and images",
			f.Address, f.Private, f.KnownBy), Everywhere
	}
	return "", ""
}

// ExitCode is that of the commands that show it.
func (s Status) ExitCode() int {
	if s.Problem != "" {
		return report.ExitWrong
	}
	return report.ExitWell
}

// Remark is a line beside other reports; "" where nothing is wrong.
func (s Status) Remark() string {
	if s.Problem == "" {
		return ""
	}
	return "packet filter: " + report.OneLine(s.Problem) + "; next: " + s.Next + "\n"
}

// Text is for people.
func (s Status) Text() string {
	if !s.Wanted {
		return "this host has no packet filter of rundock's\n"
	}
	if s.Problem != "" {
		return s.Remark()
	}
	text := fmt.Sprintf("table inet rundock_filter is kept by process %d, put %s, after changes of others %s\n", s.PID, times(s.Changes), times(s.Healed))
	text += "containers come by: " + words(s.Devices) + "\nthey reach of this host: DNS, what filter.json opens, and what is published or announced: " + words(s.Ports) + "\n"
	if len(s.Confined) > 0 {
		text += "of them, builds and previews come by, and reach of hosts DNS alone: " + words(s.Confined) + "\n"
	}
	if s.Docker != "" {
		text += "dockerd cannot be asked, so what it last said counts: " + s.Docker + "\n"
	}
	return text
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func words(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}
