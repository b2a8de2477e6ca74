package switching

import (
	"strings"
	"testing"
	"time"

	"rundock/internal/cutover"
)

func TestHistoryTable(t *testing.T) {
	ended := time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)
	var got []string
	for line := range strings.Lines(historyTable([]cutover.Entry{
		{Who: "ada", Ended: ended, From: cutover.Blue, To: cutover.Green, Image: "registry.example.com:5000/web@sha256:1"},
		{Who: "node-back-1", Ended: ended.Add(-time.Hour), From: cutover.Blue, To: cutover.Green, Back: "load balancer front-2 is down"},
	})) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := `WHEN WHO FROM TO IMAGE ENDED
2026-11-21T07:30:00Z ada blue green registry.example.com:5000/web@sha256:1 switched
2026-11-21T06:30:00Z node-back-1 blue green - went back: load balancer front-2 is down`
	if strings.Join(got, "\n") != want {
		t.Errorf("the table is\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}
