package params

import (
	"encoding/json"
	"strings"
	"testing"
)

func given(t *testing.T, text string) Params {
	t.Helper()
	p := Params{Service: "web", To: "green", Drain: 30, Timeout: 60}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestArgs(t *testing.T) {
	for _, c := range []struct {
		claim, given, want string
		check              bool
	}{
		{"the colour is enough", `{}`, "web --json --to green --drain 30 --timeout 60 --min-healthy 0", false},
		{"check mode asks for a check", `{}`, "web --json --to green --drain 30 --timeout 60 --min-healthy 0 --check", true},
		{"all that can be said", `{"min_healthy":2,"path":"/up","who":"ada","image":"sha256:1","rollback_on":{"errors":0.5,"checks":1,"window":60},"canary":{"share":10,"seconds":30}}`,
			"web --json --to green --drain 30 --timeout 60 --min-healthy 2 --path /up --who ada --image sha256:1 --rollback-on window=60,errors=0.5%,checks=1 --canary 10%,30", false},
	} {
		t.Run(c.claim, func(t *testing.T) {
			p := given(t, c.given)
			if err := p.Check(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(p.Args(c.check), " "); got != c.want {
				t.Errorf("args = %s\nwant   %s", got, c.want)
			}
		})
	}
}

func TestCheck_names_what_is_wrong(t *testing.T) {
	for text, want := range map[string]string{
		`{"service":"web.blue"}`:                         `value of service must be a name as the service is announced: a-z, 0-9 and -, got: "web.blue"`,
		`{"path":"up"}`:                                  `value of path must begin with /, got: "up"`,
		`{"timeout":0}`:                                  "value of timeout must be between 1 and 86400, got: 0",
		`{"drain":-1}`:                                   "value of drain must be between 0 and 86400, got: -1",
		`{"canary":{"share":0,"seconds":30}}`:            "value of canary.share must be more than 0 and at most 100 per cent, got: 0",
		`{"canary":{"share":10,"seconds":0}}`:            "value of canary.seconds must be between 1 and 86400, got: 0",
		`{"rollback_on":{"errors":101,"window":30}}`:     "value of rollback_on.errors must be more than 0 and at most 100 per cent, got: 101",
		`{"rollback_on":{"checks":0,"window":30}}`:       "value of rollback_on.checks must be between 1 and 1073741824, got: 0",
		`{"rollback_on":{"checks":1,"window":86400000}}`: "value of rollback_on.window must be between 1 and 86400, got: 86400000",
	} {
		if err := given(t, text).Check(); err == nil || err.Error() != want {
			t.Errorf("%s: error = %v, want %s", text, err, want)
		}
	}
}
