package switching

import (
	"flag"
	"io"
	"strings"
	"testing"

	"rundock/internal/cutover"
)

func TestRequest(t *testing.T) {
	for _, c := range []struct {
		claim, args string
		want        Request
		err         string
	}{
		{"the colour is enough", "--to green", Request{To: "green", Drain: 30, Timeout: 60}, ""},
		{"all that can be said", "--to blue --who ada --image sha256:1 --path /up --min-healthy 2 --drain 5 --timeout 2m --canary 10%,30s --rollback-on errors=0.5%,checks=1,window=1m",
			Request{To: "blue", Who: "ada", Image: "sha256:1", Path: "/up", MinHealthy: 2, Drain: 5, Timeout: 120, Canary: 10, CanaryFor: 30,
				Rollback: cutover.Rollback{ErrorPercent: 0.5, Checks: 1, Window: 60}}, ""},
		{"the window is 30 s unless given", "--to blue --rollback-on checks=3", Request{To: "blue", Drain: 30, Timeout: 60, Rollback: cutover.Rollback{Checks: 3, Window: 30}}, ""},
		{"another colour is named", "--to red", Request{}, `--to "red": want blue or green`},
		{"a time that is none is named", "--to blue --drain soon", Request{}, `"soon": want seconds`},
		{"parts of seconds are refused", "--to blue --drain 1500ms", Request{}, "want whole seconds"},
		{"a share of nothing is refused", "--to blue --canary 0%,30s", Request{}, `"0%": want a share`},
		{"a share without a time is refused", "--to blue --canary 10%", Request{}, "want a share and a time, such as 10%,30s"},
		{"a window alone says nothing", "--to blue --rollback-on window=30s", Request{}, "want errors=SHARE or checks=NUMBER"},
		{"another reason to go back is named", "--to blue --rollback-on mood=1", Request{}, `"mood=1": want errors=1%`},
		{"a timeout of nothing is refused", "--to blue --timeout 0", Request{}, "--timeout: want a second or more"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			r := Request{Drain: 30, Timeout: 60}
			set := flag.NewFlagSet("switch", flag.ContinueOnError)
			set.SetOutput(io.Discard)
			r.flags(set)
			err := set.Parse(strings.Fields(c.args))
			if err == nil {
				err = r.check()
			}
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error = %v, want %s", err, c.err)
				}
				return
			}
			if err != nil || r != c.want {
				t.Errorf("request = %+v, %v\nwant      %+v", r, err, c.want)
			}
		})
	}
}
