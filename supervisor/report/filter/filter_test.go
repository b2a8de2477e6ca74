package filter

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"rundock/internal/control"
	"rundock/supervisor/report"
)

func TestStatus_says_what_is_wrong_and_what_to_do(t *testing.T) {
	well := func() Facts {
		return Facts{Wanted: true, Digest: "d", Alive: true, Says: control.FilterStatus{PID: 7, Digest: "d", Changes: 1, Devices: []string{"docker0"}, Ports: []string{"8086/tcp"}},
			Private: "eth1", KnownBy: netip.MustParseAddr("10.0.0.7"), Address: netip.MustParseAddr("10.0.0.7")}
	}
	for _, c := range []struct {
		name   string
		change func(*Facts)
		want   string // of the text
		code   int
	}{
		{"well", func(*Facts) {}, "kept by process 7, put once, after changes of others never", report.ExitWell},
		{"none", func(f *Facts) { *f = Facts{} }, "no packet filter", report.ExitWell},
		{"dockerd away", func(f *Facts) { f.Says.Docker = "no socket" }, "what it last said counts: no socket", report.ExitWell},
		{"dead", func(f *Facts) { f.Alive = false }, "does not run: what it refused is refused on", report.ExitWrong},
		{"hangs", func(f *Facts) { f.Mute = time.Minute }, "has said nothing for 1m", report.ExitWrong},
		{"kernel", func(f *Facts) { f.Says.Reason = "put table inet rundock_filter: no" }, "put table inet rundock_filter: no; next: it tries again", report.ExitWrong},
		{"edited", func(f *Facts) { f.Digest = "e" }, "is another one than rundockd filter has read; next: rundockd filter check", report.ExitWrong},
		{"moved", func(f *Facts) { f.Address = netip.MustParseAddr("10.0.0.99") }, "has the address 10.0.0.99 at eth1, and the site knows it by 10.0.0.7: the other hosts do not let it in to etcd and images; next: ansible-playbook -i inventory playbooks/site.yml, for all hosts", report.ExitWrong},
		{"moved within a network that counts", func(f *Facts) { f.Address, f.Counts = netip.MustParseAddr("10.0.0.99"), true }, "kept by process 7", report.ExitWell},
		{"without an address for a while", func(f *Facts) { f.Address = netip.Addr{} }, "kept by process 7", report.ExitWell},
	} {
		f := well()
		c.change(&f)
		s := StatusOf(f)
		if got := s.Text(); !strings.Contains(got, c.want) || s.ExitCode() != c.code {
			t.Errorf("%s: exit %d, %q; want exit %d and %q in it", c.name, s.ExitCode(), got, c.code, c.want)
		}
	}
}
