package report

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/supervisor/overlayhost"
	"rundock/supervisor/process"
)

const overlayStatusUsage = `usage: rundockd overlay status [--json] [NAME...]

One line for each overlay network of this host, or for each that is named: how
its agent keeps it, and what is wrong first.

  --json   one JSON document, described in docs/operations.md

Columns: STATE of the agent; SUBNET of this host; MTU of the network here; PEERS:
other hosts; ALIVE: other hosts are told that this one is; NARROW: peers to which
only smaller packets pass (rundockd overlay peers NAME); ENCRYPTION; CHANGES that
the agent has made to the kernel since it started; HEALED: those of them that put
right what others had changed; LAST: how long ago the last was. "-" is none, "?"
could not be found out.

Exit codes: 0 all is right; 1 not everything could be found out, and nothing
else is wrong; 2 bad arguments; 3 a network is not kept, or other hosts are not
told of this one; 4 no such network.
`

// NetworkStatus is `rundockd overlay status`.
func NetworkStatus(args []string) int {
	set := flag.NewFlagSet("overlay status", flag.ContinueOnError)
	asJSON := set.Bool("json", false, "")
	names, code, done := Arguments(set, overlayStatusUsage, args)
	if done {
		return code
	}
	if names, code = resolveNetworks("overlay status", names); code != 0 {
		return code
	}
	r := LookAgain(func(netReport, bool) netReport { return networkStatusOf(names) }, netReport.doubtful)
	if *asJSON {
		return printJSON(r, r.exitCode())
	}
	fmt.Print(r.table())
	if len(names) == 0 {
		fmt.Fprintln(os.Stderr, "no overlay networks on this host")
	}
	return r.exitCode()
}

// networkStatusOf tells how networks stand at this moment.
func networkStatusOf(names []string) netReport {
	r := netReport{Version: statusVersion, Time: time.Now().UTC(), Networks: []netStatus{}}
	r.Host, _ = os.Hostname()
	for _, name := range names {
		r.Networks = append(r.Networks, netStatusOf(keptFactsOf(name)))
	}
	return r
}

// doubtful reports whether something that is wrong may be over in a moment, as
// while one agent takes over from another, or one is being started.
func (r netReport) doubtful() bool {
	return slices.ContainsFunc(r.Networks, func(s netStatus) bool { return s.Verdict == "wrong" })
}

// resolveNetworks returns names, or else those of all networks of this host.
func resolveNetworks(command string, names []string) (found []string, code int) {
	all, err := overlayhost.Names(nil)
	if err != nil {
		fmt.Fprintf(os.Stderr, "rundockd %s: %v\n", command, err)
		return nil, ExitUnknown
	}
	if len(names) == 0 {
		return all, 0
	}
	for _, name := range names {
		if slices.Contains(all, name) {
			continue
		}
		there := "there is none"
		if len(all) > 0 {
			there = "there are: " + strings.Join(all, ", ")
		}
		fmt.Fprintf(os.Stderr, "rundockd %s: no network %s on this host; %s\n", command, name, there)
		return nil, ExitNone
	}
	return names, 0
}

// keptFacts is what is known of a network without asking anybody else.
type keptFacts struct {
	Name     string
	Settings overlay.Settings
	Trouble  trouble // why Settings are not known
	Says     control.OverlayStatus
	Unsaid   trouble       // why Says is not
	Lives    bool          // Says.PID is an agent
	Silent   time.Duration // for how long it has said nothing; 0: it speaks
}

// keptFactsOf reads what a network's settings and its agent say.
func keptFactsOf(name string) keptFacts {
	f := keptFacts{Name: name}
	var err error
	f.Settings, err = overlay.ReadSettings(overlay.SettingsDir, name)
	f.Trouble = troubleOf(err)
	f.Says, err = control.ReadOverlay(control.Dir, name)
	f.Unsaid = troubleOf(err)
	f.Lives = f.Says.PID != 0 && process.IsRundockd(f.Says.PID, "overlay")
	f.Silent = f.Says.Mute(control.Clock())
	return f
}

// netReport is what `rundockd overlay status --json` prints. Its field names
// stay.
type netReport struct {
	Version  int         `json:"version"`
	Host     string      `json:"host"`
	Time     time.Time   `json:"time"`
	Networks []netStatus `json:"networks"`
}

type netStatus struct {
	Name       string               `json:"name"`
	Verdict    string               `json:"verdict"`           // ok, unknown, wrong
	Problem    string               `json:"problem,omitempty"` // the first thing that is wrong, or could not be found out
	Next       string               `json:"next,omitempty"`    // what to do about it
	PID        int                  `json:"pid,omitempty"`     // of the agent
	Running    bool                 `json:"running"`           // the agent
	State      control.OverlayState `json:"state,omitempty"`   // that it told last
	Since      time.Time            `json:"since,omitzero"`    // when State began
	CIDR       string               `json:"cidr,omitempty"`
	VNI        uint32               `json:"vni,omitempty"`
	Subnet     string               `json:"subnet,omitempty"` // of this host
	Gateway    string               `json:"gateway,omitempty"`
	Underlay   string               `json:"underlay,omitempty"`
	MTU        int                  `json:"mtu,omitempty"`
	Encryption string               `json:"encryption"`
	Alive      bool                 `json:"alive"` // other hosts are told that this one is
	Peers      int                  `json:"peers"`
	Narrow     int                  `json:"narrow"`             // of those, to which only smaller packets than MTU pass
	Silent     int                  `json:"silent"`             // of those, that answer nothing in the network
	Registry   string               `json:"registry,omitempty"` // why it cannot be used, if it is needed and cannot
	Changes    int                  `json:"changes"`            // that the agent has made to the kernel since it started
	Healed     int                  `json:"healed"`             // of those, such as put right what others had changed
	Changed    time.Time            `json:"changed,omitzero"`

	silent bool // State is of long ago
}

// What overlay status and overlay explain say alike.
const (
	cutOff     = "this host's subnet is another's now, and it is cut off"
	cutOffNext = "wait until it has a new one; see the agent's log"
	unheard    = "other hosts are not told that this one is alive"
)

func silentAgent(pid int, since time.Duration) string {
	return fmt.Sprintf("its agent, process %d, has said nothing for %s: it was stopped or hangs, and other hosts withdraw this one", pid, since)
}

func silentAgentNext(network string) string {
	return "sv restart overlay-" + network + "; if it does not end: sv kill overlay-" + network
}

// unsaidNext is what to do where the agent's status could not be read.
func unsaidNext(why trouble, network string) string {
	if why.Denied {
		return "run it as root"
	}
	return "the agent writes it anew: sv restart overlay-" + network
}

// netStatusOf judges a network. It is pure.
func netStatusOf(f keptFacts) netStatus {
	says := f.Says
	s := netStatus{
		Name: f.Name, Verdict: "ok", PID: says.PID, Running: f.Lives, State: says.State, Since: says.Since.UTC(), VNI: f.Settings.VNI,
		Subnet: says.Subnet, Gateway: says.Gateway, Underlay: says.Underlay, MTU: says.MTU, Encryption: "none", Alive: says.Alive && f.Lives && f.Silent == 0,
		Peers: says.Peers, Narrow: says.Narrow, Silent: says.Silent, Registry: says.Registry, Changes: says.Changes, Healed: says.Healed, Changed: says.Changed.UTC(),
		silent: f.Lives && f.Silent != 0,
	}
	if f.Settings.CIDR.IsValid() {
		s.CIDR = f.Settings.CIDR.String()
	}
	log := "the agent's log, " + agentLog(f.Name)
	wrong := func(problem, next string) { s.Verdict, s.Problem, s.Next = "wrong", problem, next }
	switch {
	case f.Trouble.is() && !f.Trouble.Denied:
		wrong(f.Trouble.Text, "put right what it names")
	case f.Unsaid.is():
		s.Verdict, s.Problem, s.Next = "unknown", f.Unsaid.Text, unsaidNext(f.Unsaid, f.Name)
	case !f.Lives:
		wrong("no agent keeps it", "sv up overlay-"+f.Name)
	case f.Silent != 0:
		wrong(silentAgent(says.PID, f.Silent), silentAgentNext(f.Name))
	case says.Refused:
		wrong(says.Registry, "put right what it names")
	case says.State == control.OverlayFenced:
		wrong(cutOff, cutOffNext+", "+agentLog(f.Name))
	case says.State != control.OverlayUp:
		wrong(strings.TrimSuffix(cmp.Or(says.Reason, "no reason given")+"; "+says.Registry, "; "), "put right what it names; see "+log)
	case says.Fault != "":
		wrong(says.Fault, says.Next)
	case !says.Alive:
		wrong(strings.TrimSuffix(unheard+"; "+says.Registry, "; "), "see to the registry; see "+log)
	case says.Unheard != "":
		s.Verdict, s.Problem, s.Next = "unknown", says.Unheard, "docs/overlay.md, Firewalls, has what to open; hosts that answer no pings count as well"
	case says.Registry != "":
		s.Problem, s.Next = says.Registry, "see to the registry; until it is back the network stays as it is"
	}
	return s
}

func (r netReport) exitCode() int {
	code := ExitWell
	for _, s := range r.Networks {
		code = max(code, exitCodeOf(s.Verdict))
	}
	return code
}

func (r netReport) table() string {
	if len(r.Networks) == 0 {
		return ""
	}
	rows := [][]string{{"NETWORK", "STATE", "SUBNET", "MTU", "PEERS", "ALIVE", "NARROW", "ENCRYPTION", "CHANGES", "HEALED", "LAST", "PROBLEM"}}
	for _, s := range r.Networks {
		state := cellOf(string(s.State))
		switch {
		case s.Verdict == "unknown" && s.Silent == 0:
			state = "?"
		case !s.Running && s.State != "":
			state = "gone" // without saying so: this was its last word
		case s.silent:
			state = "silent"
		}
		last := "-"
		if !s.Changed.IsZero() {
			last = age(r.Time, s.Changed)
		}
		rows = append(rows, []string{
			s.Name, state, cellOf(s.Subnet), numberCell(s.MTU), strconv.Itoa(s.Peers), yesNo(s.Alive), strconv.Itoa(s.Narrow), s.Encryption,
			strconv.Itoa(s.Changes), strconv.Itoa(s.Healed), last, oneLine(s.Problem),
		})
	}
	return aligned(rows)
}

func numberCell(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
