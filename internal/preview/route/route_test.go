package route

import (
	"slices"
	"strings"
	"testing"

	"rundock/internal/preview"
)

func table() *Table {
	return NewTable("y.example.com", map[string]*preview.State{
		"akira": {Name: "akira", Step: preview.Ready, Routes: map[string][]string{"": {"10.0.0.1:80"}, "api": {"10.0.0.2:80", "10.0.0.3:80"}}},
		"only":  {Name: "only", Step: preview.Building, Routes: map[string][]string{"api": {"10.0.0.4:80"}}},
		"naps":  {Name: "naps", Step: preview.Asleep, Routes: map[string][]string{"": {"10.0.0.5:80"}}},
	})
}

func TestFind(t *testing.T) {
	for _, c := range []struct{ host, name, own, addresses string }{
		{"akira.y.example.com", "akira", "akira.y.example.com", "10.0.0.1:80"},
		{"AKIRA.y.example.com.:80", "akira", "akira.y.example.com", "10.0.0.1:80"},
		{"akira.Y.Example.COM:8443", "akira", "akira.y.example.com", "10.0.0.1:80"},
		{"api.akira.y.example.com", "akira", "akira.y.example.com", "10.0.0.2:80 10.0.0.3:80"},
		{"api--akira.y.example.com", "akira", "api--akira.y.example.com", "10.0.0.2:80 10.0.0.3:80"},
		{"www.akira.y.example.com", "akira", "akira.y.example.com", "10.0.0.1:80"},
		{"a.api.akira.y.example.com", "akira", "akira.y.example.com", "10.0.0.1:80"},
		{"x.api--akira.y.example.com", "akira", "api--akira.y.example.com", "10.0.0.1:80"},
		{"only.y.example.com", "only", "only.y.example.com", ""},
		{"api.only.y.example.com", "only", "only.y.example.com", "10.0.0.4:80"},
		{"naps.y.example.com", "naps", "naps.y.example.com", ""},
		{"nope.y.example.com", "nope", "nope.y.example.com", ""},
		{"akira.y.evil.com", "", "", "not below"},
		{"akira.y.example.com.evil.com", "", "", "not below"},
		{"akiray.example.com", "", "", "not below"},
		{"y.example.com", "", "", "not below"},
		{".y.example.com", "", "", "not below"},
		{"a..y.example.com", "", "", "not below"},
		{"akira--.y.example.com", "", "", "not below"},
		{"10.0.0.1:80", "", "", "not below"},
		{"[fd00::1]", "", "", "not below"},
		{"[fd00::1]:80", "", "", "not below"},
		{"", "", "", "not below"},
	} {
		got, ok := table().Find(c.host)
		if ok != (c.addresses != "not below") {
			t.Errorf("Find(%q): below the domain: %v", c.host, ok)
			continue
		}
		if ok && (got.Name != c.name || got.Own != c.own || !slices.Equal(got.Addresses, strings.Fields(c.addresses))) {
			t.Errorf("Find(%q) = %+v, want %s, own %s, %s", c.host, got, c.name, c.own, c.addresses)
		}
	}
}

func TestFind_allocates_nothing(t *testing.T) {
	tab := table()
	if n := testing.AllocsPerRun(100, func() { tab.Find("api.akira.y.example.com:80") }); n != 0 {
		t.Errorf("%v allocations for a request", n)
	}
}

func TestHas_is_of_previews_that_serve(t *testing.T) {
	for _, c := range []struct {
		name, address string
		want          bool
	}{{"akira", "10.0.0.3:80", true}, {"akira", "10.0.0.4:80", false}, {"naps", "10.0.0.5:80", false}, {"nope", "10.0.0.1:80", false}} {
		if got := table().Has(c.name, c.address); got != c.want {
			t.Errorf("Has(%s, %s) = %v", c.name, c.address, got)
		}
	}
}

func TestKeepsCookie(t *testing.T) {
	for header, want := range map[string]bool{
		"a=1":                                                   true,
		"a=1; Path=/; HttpOnly":                                 true,
		"a=1; Domain=akira.y.example.com":                       true,
		"a=1; Domain=.AKIRA.y.example.com":                      true,
		"a=1; domain=api.akira.y.example.com":                   true,
		"a=1; Domain=":                                          true,
		"domain=y.example.com":                                  true, // the cookie's name
		"a=1; Domain=.y.example.com":                            false,
		"a=1; Path=/; DOMAIN = example.com":                     false,
		"a=1; Domain=kira.y.example.com":                        false,
		"a=1; Domain=akira.y.example.com; Domain=y.example.com": false,
		"a=1;Domain=com":                                        false,
	} {
		if got := KeepsCookie(header, "akira.y.example.com"); got != want {
			t.Errorf("KeepsCookie(%q) = %v", header, got)
		}
	}
}

func TestAnswers_are_never_200_and_escaped(t *testing.T) {
	evil := `<script>alert(1)</script>`
	all := []Answer{Unknown(evil, true), Unrouted(evil, true)}
	for _, step := range []preview.Step{preview.Queued, preview.Building, preview.Deploying, preview.Failed, preview.Asleep, preview.Ready} {
		all = append(all, Waiting(&preview.State{Name: evil, Step: step, Commit: evil, Reason: evil}, true))
	}
	for _, a := range all {
		text := string(a.Body)
		if strings.Contains(text, "<script") || !strings.Contains(text, "&lt;script&gt;") {
			t.Errorf("answer %d is not escaped: %s", a.Code, text)
		}
		if waits := strings.Contains(text, `http-equiv="refresh"`); waits != (a.Code == 503) || waits != (a.Retry > 0) || a.Code != 503 && a.Code != 404 {
			t.Errorf("code %d, Retry-After %d, the page looks again: %v", a.Code, a.Retry, waits)
		}
	}
}

func TestAnswers_for_programs_are_one_line_of_text(t *testing.T) {
	a := Waiting(&preview.State{Name: "akira", Step: preview.Building}, false)
	if a.HTML || a.Code != 503 || string(a.Body) != "akira: building\n" {
		t.Errorf("%+v %s", a, a.Body)
	}
	if !ForPeople("GET", "text/html,application/xhtml+xml") || ForPeople("POST", "text/html") || ForPeople("GET", "*/*") {
		t.Error("browsers are not told from programs")
	}
}
