package network

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"rundock/internal/control"
	"rundock/internal/overlay"
	"rundock/supervisor/report"
	"rundock/supervisor/report/reporttest"
)

// situation is what the facts of a golden file are merged into: a network
// that is well.
type situation struct {
	Agent agentFacts
	Peers addressFacts
}

func wellSituation() situation {
	f := reachable()
	f.Network.CIDR = netip.MustParsePrefix("10.42.0.0/16")
	f.AgentStatus.Subnet, f.AgentStatus.Gateway, f.AgentStatus.Underlay = "10.42.1.0/24", "10.42.1.1", "192.0.2.1"
	f.AgentStatus.Since, f.AgentStatus.Changed, f.AgentStatus.Changes = f.Now.Add(-3*time.Hour), f.Now.Add(-2*time.Minute), 14
	for i := range f.Hosts {
		f.Hosts[i].Seen = f.Now.Add(-time.Duration(11+i) * time.Minute)
	}
	return situation{
		Agent: agentFacts{Name: "apps", Settings: overlay.Settings{Version: 1, Network: f.Network}, agentState: agentState{AgentStatus: f.AgentStatus, AgentAlive: true}},
		Peers: f,
	}
}

// TestSituations compares what overlay status and overlay peers say with
// testdata/situations: the file facts holds what differs from a network that is
// well.
func TestSituations(t *testing.T) {
	reporttest.Situations(t, "testdata/situations", func(t *testing.T, facts []byte, withJSON bool) *txtar.Archive {
		now := wellSituation()
		reporttest.Merge(t, facts, &now)
		return now.tell(withJSON)
	})
}

func TestSituations_tell_what_to_do_about_a_status_that_cannot_be_read(t *testing.T) {
	damaged := report.Trouble{Text: "read /run/rundock/overlay/apps.json: unexpected end of JSON input"}
	for _, c := range []struct {
		unsaid report.Trouble
		next   string
	}{
		{damaged, "the agent writes it anew: sv restart overlay-apps"},
		{report.Trouble{Text: "open /run/rundock/overlay/apps.json: " + "permission denied", Denied: true}, "run it as root"},
	} {
		s := wellSituation()
		s.Agent.AgentStatus, s.Agent.AgentAlive, s.Agent.StatusTrouble = control.OverlayStatus{}, false, c.unsaid
		s.Peers.AgentStatus, s.Peers.AgentAlive, s.Peers.StatusTrouble = control.OverlayStatus{}, false, c.unsaid
		if got := statusOf(s.Agent); got.Verdict != "unknown" || got.Problem != c.unsaid.Text || got.Next != c.next {
			t.Errorf("status: %s, %s; next: %s; want unknown, %s; next: %s", got.Verdict, got.Problem, got.Next, c.unsaid.Text, c.next)
		}
		if got := s.Peers.story(); got.Verdict != "unknown" || !strings.HasSuffix(got.text(), "Next: "+c.next+"\n") {
			t.Errorf("explain says, as %s, want next: %s:\n%s", got.Verdict, c.next, got.text())
		}
	}
}

func (n situation) tell(withJSON bool) *txtar.Archive {
	status := statusReport{Version: report.Version, Host: n.Peers.Host, Time: n.Peers.Now, Networks: []Status{statusOf(n.Agent)}}
	peers := n.Peers.peers()
	a := &txtar.Archive{Files: []txtar.File{
		{Name: fmt.Sprintf("status exits with %d", status.exitCode()), Data: []byte(status.table())},
		{Name: fmt.Sprintf("peers exits with %d", peers.exitCode()), Data: []byte(peers.table() + peers.remarks())},
	}}
	if !withJSON {
		return a
	}
	for _, doc := range []struct {
		name string
		v    any
	}{{"status.json", status}, {"peers.json", peers}} {
		data, err := json.MarshalIndent(doc.v, "", "  ")
		if err != nil {
			data = []byte(err.Error())
		}
		a.Files = append(a.Files, txtar.File{Name: doc.name, Data: append(data, '\n')})
	}
	return a
}
