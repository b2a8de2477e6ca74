package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
)

// TestBenchServices measures many services in a call against a call for each.
func TestBenchServices(t *testing.T) {
	s := need(t)
	rounds, count := 1, 3
	if benching() {
		rounds, count = 5, 50
	}
	took := s.spans(t, "internal/e2e/testdata/bench/services.yml", "rounds="+strconv.Itoa(rounds), "count="+strconv.Itoa(count))
	versus(fmt.Sprintf("%d services in one call", count), took["one call for all services"][1:], fmt.Sprintf("%d calls", count), took["a call for each service"][1:], 0.1)
}

// TestBenchMemory measures what a service costs beside its container, as the
// proportional set size (PSS) of its processes: runner, sidecar, runsv and
// svlogd here; there the docker command that a script under runit leaves
// running, which announces nothing.
func TestBenchMemory(t *testing.T) {
	s := need(t)
	count := 2
	if benching() {
		count = 20
	}
	var list, gone []string
	for i := range count {
		list = append(list, fmt.Sprintf(`{"name":"weighed-%d","image":"%sinfluxdb:latest","announce":%d,"port":8086}`, i, images, 9000+i))
		gone = append(gone, fmt.Sprintf(`{"name":"weighed-%d"}`, i))
	}
	t.Cleanup(func() { s.install(t, back1, `{"state":"absent","services":[`+strings.Join(gone, ",")+`]}`) })
	s.install(t, back1, `{"state":"enabled","wait":"announced","services":[`+strings.Join(list, ",")+`]}`)
	s.sh(t, back1, "docker pull -q "+images+"influxdb:latest >/dev/null")
	t.Cleanup(func() {
		s.sh(t, back1, "docker ps -q -f label=weighed | xargs -r docker rm -f >/dev/null")
	})
	for range count {
		s.sh(t, back1, "setsid docker run --rm -l weighed "+images+"influxdb:latest >/dev/null 2>&1 </dev/null & exit 0")
	}
	await.Empty(t, "the docker commands have their containers", func() string {
		return missingOf(s.sh(t, back1, "docker ps -q -f label=weighed | wc -l"), strconv.Itoa(count))
	})
	time.Sleep(restTime()) // for what a start leaves behind to be collected

	ours := s.pss(t, "rundockd (run|announce) .*/docker-weighed-")
	supervisors := s.pss(t, "^runsv (docker-weighed|service$|announce$|services$)|runsvdir -P services|svlogd .*/docker-weighed-")
	theirs := s.pss(t, "^docker run --rm -l weighed ")
	fmt.Printf("measured: memory of a service of %d: runner and sidecar %.1f MB (aim: at most 8), what supervises them %.1f MB; the docker command: %.1f MB; ratio %.2f (aim: less than 1)\n",
		count, ours/float64(count), supervisors/float64(count), theirs/float64(count), (ours+supervisors)/theirs)
}

// restTime is how long processes are given before their memory is measured.
func restTime() time.Duration {
	if benching() {
		return 30 * time.Second
	}
	return 0
}

// pss is the proportional set size, in MB, of back1's processes whose command
// line matches the pattern.
func (s *setup) pss(t *testing.T, pattern string) float64 {
	t.Helper()
	out := s.sh(t, back1, "for p in $(pgrep -f '"+pattern+"'); do cat /proc/$p/smaps_rollup 2>/dev/null; done | awk '/^Pss:/ { kb += $2 } END { print kb + 0 }'")
	kb, err := strconv.ParseFloat(out, 64)
	if err != nil || kb == 0 {
		t.Fatalf("PSS of %s is %q", pattern, out)
	}
	return kb / 1000
}

func missingOf(got, want string) string {
	if got == want {
		return ""
	}
	return "there are " + got + ", want " + want
}

// TestBenchGone measures how long the records of a host that lost its power
// are found by another one.
func TestBenchGone(t *testing.T) {
	s := need(t)
	tries := 1
	if benching() {
		tries = 50
	}
	const name = "unplugged"
	s.serve(t, back1, name)
	var took []time.Duration
	for range tries {
		w := s.watch(t, back2, name)
		since := time.Now()
		if err := s.Stop(back1); err != nil {
			t.Fatal(err)
		}
		took = append(took, w.leaves(t).Sub(since))
		if err := s.Start(t.Context(), back1); err != nil {
			t.Fatal(err)
		}
		s.resolves(t, back2, name, record(back1, name))
	}
	distribution("power loss -> gone", took, "lease + 1 s, 16 s, at the most")
}
