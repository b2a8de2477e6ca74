package main

import "testing"

// A name that no service has may be misspelt: who wants it gone is told which
// there are.
func TestNameOfNoService(t *testing.T) {
	m := onHost(t)
	want := func(args, msg string) {
		t.Helper()
		for _, mode := range [][]string{{"check_mode"}, nil} {
			if a := m.call(args, mode...); a.Failed || a.Changed || a.Msg != msg {
				t.Errorf("%s %v is answered by %s; want %q", args, mode, a.raw, msg)
			}
		}
	}
	want("state=absent name=grafana", "grafana: nothing to do; there is no such service on this host")
	m.apply("name=grafana image=app:1")
	m.apply("name=influxdb image=app:1")
	want("state=disabled name=grafna", "grafna: nothing to do; there is no such service on this host (did you mean grafana?), but: grafana, influxdb")
	want("state=absent name=grafna", "grafna: nothing to do; there is no such service on this host (did you mean grafana?), but: grafana, influxdb") // disabled left nothing
	want("state=absent name=web", "web: nothing to do; there is no such service on this host, but: grafana, influxdb")
	want("state=disabled name=grafana", "grafana: nothing to do")
	m.apply("state=absent name=grafana")
	m.apply("state=absent name=influxdb")
}
