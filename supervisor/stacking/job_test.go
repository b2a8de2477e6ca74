package stacking

import (
	"fmt"
	"strings"
	"testing"

	"rundock/internal/control"
)

const withJob = `
services:
  db: {image: db:1, ports: ["5432:5432"]}
  migrate:
    image: web:1
    restart: on-failure:2
    command: [migrate]
    depends_on: [db]
  web:
    image: web:1
    environment: {COLOUR: red}
    depends_on: {migrate: {condition: service_completed_successfully}}
`

// job is what a host is told of the job, and the title of its wave.
func (b *bench) job(waves []control.StackWork) (entry map[string]any, title string) {
	b.Helper()
	for _, w := range waves {
		for _, host := range w.Hosts {
			for _, s := range host.Services {
				if s["slot"] == "migrate.1" {
					entry, title = s, w.Title
				}
			}
		}
	}
	return entry, title
}

// The label is what has a host run the job: in another release it is another container.
func (b *bench) checkJob(a control.StackAnswer, release int) {
	b.Helper()
	entry, title := b.job(a.Waves)
	if title != "migrate" || entry["job"] != true || fmt.Sprint(entry["attempts"]) != "2" || entry["state"] != "enabled" || entry["announces"] != nil {
		b.Errorf("the job of release %d, in wave %q: %v", release, title, entry)
	}
	if want := fmt.Sprintf("stack.release=%d ", release); !strings.Contains(fmt.Sprint(entry["args"])+" ", want) {
		b.Errorf("args of the job lack %s: %s", want, entry["args"])
	}
}

func TestJob_runs_once_a_release(t *testing.T) {
	b := newBench(t)
	b.write(withJob)
	first := b.deploy()
	b.checkJob(first, 1)
	if lines := strings.Join(first.Lines, "\n"); !strings.Contains(lines, "shop: release 1: 2 new, 1 job\n") || !strings.Contains(lines, "job migrate: what it does is not undone if the release fails") {
		t.Errorf("lines:\n%s", lines)
	}
	for _, w := range first.Waves {
		for _, host := range w.Hosts {
			for _, s := range host.Services {
				if w.Watch > 0 && s["slot"] == "migrate.1" {
					t.Error("a job that has ended is watched")
				}
			}
		}
	}
	if again := b.deploy(); again.Changed {
		t.Errorf("a second run: %v", again.Lines)
	}
	b.write(strings.ReplaceAll(withJob, "red", "blue"))
	second := b.deploy()
	b.checkJob(second, 2)
	back := b.deploy(func(q *control.StackRequest) { q.Back, q.Compose, q.Files = 1, nil, nil })
	if entry, _ := b.job(back.Waves); entry != nil || !strings.Contains(strings.Join(back.Lines, "\n"), "kept: a job, which is not run to go back") {
		t.Errorf("going back runs the job: %v\n%s", entry, strings.Join(back.Lines, "\n"))
	}
}

func TestJob_is_the_same_container_for_the_run_that_finishes_its_release(t *testing.T) {
	b := newBench(t)
	b.write(withJob)
	b.deploy()
	b.write(strings.ReplaceAll(withJob, "red", "blue"))
	begun := b.must(control.StackBegin)
	b.roll(begun, "web")
	before, _ := b.job(begun.Waves)
	b.kill()

	b.run = "two"
	finished := b.must(control.StackBegin)
	if after, _ := b.job(finished.Waves); finished.Release != 2 || fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the run that was killed has the job %v, the one that finishes it %v", before, after)
	}
	undo := b.must(control.StackFail, func(q *control.StackRequest) { q.Why = "web.1 never became healthy" })
	if entry, _ := b.job(undo.Waves); entry["state"] != "absent" && entry != nil {
		t.Errorf("undoing has the job %v", entry)
	}
	if notes := strings.Join(undo.Notes, "\n"); !strings.Contains(notes, "job migrate.1 on") || !strings.Contains(notes, "what it did is not undone") {
		t.Errorf("undoing says not that the job is not undone: %s", notes)
	}
}
