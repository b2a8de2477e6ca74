package runner

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	waiting "rundock/internal/await"
	"rundock/internal/container"
	"rundock/internal/container/dockertest"
	"rundock/internal/control"
	"rundock/internal/registry"
	"rundock/internal/spec"
	"rundock/supervisor"
	"rundock/supervisor/logcopy"
	"rundock/supervisor/process"
)

// bench is a dockerd, and runners of one service, one after another.
type bench struct {
	*testing.T
	docker *container.Client
	name   string
	dir    string
}

// runs is what a container does that goes on, and ends when it is told to.
const runs = "trap 'exit 0' TERM; busybox sleep 100000 & wait"

func newBench(t *testing.T) *bench {
	dockertest.Start(t)
	return benchOf(t)
}

// benchOf is one of the dockerd that was started for t.
func benchOf(t *testing.T) *bench {
	t.Helper()
	docker, err := container.Open()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, docker: docker, name: fmt.Sprint("runner-test-", os.Getpid()), dir: t.TempDir()}
	t.Cleanup(func() { os.RemoveAll(filepath.Join(control.Dir, b.name)) })
	program, err := os.ReadFile("/usr/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	var image bytes.Buffer
	files := tar.NewWriter(&image)
	for _, name := range []string{"bin/sh", "bin/busybox"} {
		if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(program))}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write(program); err != nil {
			t.Fatal(err)
		}
	}
	files.Close()
	socket := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	client := http.Client{Transport: &http.Transport{Dial: func(string, string) (net.Conn, error) { return net.Dial("unix", socket) }}}
	answer, err := client.Post("http://docker/images/create?fromSrc=-&repo=app&tag=1", "application/x-tar", &image)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if said, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		t.Fatalf("import an image: %s %s", answer.Status, said)
	}
	return b
}

// of is b for a part of its test.
func (b *bench) of(t *testing.T) *bench {
	part := *b
	part.T = t
	return &part
}

// service is one of a version, whose container does what script says.
func (b *bench) service(version, script string) supervisor.Service {
	return supervisor.Service{
		Name: b.name, Pull: "never", StopTimeout: 5, StartFirst: 60,
		Container: spec.Container{Image: "app:1", Env: map[string]string{"PATH": "/bin", "VERSION": version}, Command: []string{"/bin/sh", "-c", script}, Network: "none"},
	}
}

// runner is one of s, which does nothing by itself.
func (b *bench) runner(s supervisor.Service) (r *runner, end func()) {
	b.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	go io.Copy(io.Discard, read)
	cursor, err := logcopy.MemoryCursor()
	if err != nil {
		b.Fatal(err)
	}
	signals := &signals{replace: make(chan struct{}, 1), sooner: make(chan struct{}, 1), drain: make(chan struct{}, 1)}
	logs := &logcopy.Copier{Docker: b.docker, Cursor: cursor, Out: process.Pipe{FD: int(write.Fd())}, Current: filepath.Join(b.dir, "current")}
	before, err := control.ReadRunner(control.Dir, b.name)
	if err != nil {
		b.Fatal(err)
	}
	r = newRunner(b.dir, s, b.docker, logs, signals, &status{RunnerStatus: firstStatus(before, s, "", time.Now()), log: slog.New(slog.DiscardHandler)})
	return r, func() {
		cursor.Close()
		read.Close()
		write.Close()
	}
}

// run has a runner run s until stop is called, with the cause why it is to leave.
func (b *bench) run(s supervisor.Service, but ...func(*runner)) (r *runner, stop func(cause error)) {
	b.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	r, end := b.runner(s)
	for _, change := range but {
		change(r)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			r.run(ctx) // and again after an end of the container, as runsv has it
		}
	}()
	stop = func(cause error) {
		cancel(cause)
		<-done
		end()
	}
	return r, stop
}

// state is a container of the service: "" behind its name, or .new, or .old.
func (b *bench) state(suffix string) container.State {
	s, err := b.docker.Inspect(b.Context(), b.name+suffix)
	if err != nil {
		return container.State{Unreachable: err}
	}
	return s
}

// alone awaits that the service has one container, which runs and is of s.
func (b *bench) alone(what string, s supervisor.Service) (id string) {
	b.Helper()
	waiting.Empty(b.T, what, func() string {
		own, next, old := b.state(""), b.state(supervisor.NextSuffix), b.state(supervisor.OldSuffix)
		if !own.Running || own.Labels[container.LabelSpec] != s.Container.Hash() || next.Exists || old.Exists {
			return fmt.Sprintf("%+v, beside it %v and %v", own, next.Exists, old.Exists)
		}
		id = own.ID
		return ""
	})
	return id
}

func TestRunner_starts_the_next_container_beside_the_one_that_runs(t *testing.T) {
	b := newBench(t)
	first, second := b.service("1", runs), b.service("2", runs)
	_, stop := b.run(first)
	one := b.alone("the first one runs", first)
	stop(registry.ErrHandOver)

	_, stop = b.run(second)
	waiting.True(t, "the second one is beside it", func() bool { return b.state(supervisor.NextSuffix).Running || b.state("").ID != one })
	two := b.alone("the second one has its place", second)
	if s, err := b.docker.Inspect(t.Context(), one); err != nil || s.Exists || two == one {
		t.Errorf("the first one is %+v, %v", s, err)
	}
	stop(registry.ErrHandOver)

	ends := b.service("3", "echo no such table; exit 7")
	_, stop = b.run(ends)
	waiting.Empty(t, "the runner says what is wrong with the third one", func() string {
		if s, err := control.ReadRunner(control.Dir, b.name); err != nil || !strings.Contains(s.Error, "the new container ended with exit code 7 beside the old one") || s.Phase != control.Running {
			return fmt.Sprintf("%+v, %v", s, err)
		}
		return ""
	})
	if s := b.state(""); s.ID != two || !s.Running {
		t.Errorf("after one that was not well the container is %+v, want %s", s, two)
	}
	stop(registry.ErrHandOver)

	_, stop = b.run(second)
	if id := b.alone("the second one is there alone", second); id != two {
		t.Errorf("it is %s, want %s: it was never touched", id, two)
	}
	stop(process.ErrStop)
	if s := b.state(""); s.Exists {
		t.Errorf("after the service was stopped, there is %+v", s)
	}
}

// Each step of the exchange is left as one that is killed leaves it.
func TestRunner_goes_on_where_one_that_starts_first_was_killed(t *testing.T) {
	b := newBench(t)
	old, wanted := b.service("1", runs), b.service("2", runs)
	for what, leave := range map[string]func(r *runner, one, two string) error{
		"the new one was started": func(*runner, string, string) error { return nil },
		"none has the name": func(r *runner, one, _ string) error {
			r.containers.status.Succession = control.Succession{From: one, To: "x", Renaming: true}
			r.containers.status.say(control.Running, "")
			return b.docker.Rename(t.Context(), one, b.name+supervisor.OldSuffix)
		},
		"the new one has the name": func(r *runner, one, two string) error { return r.containers.swap(t.Context(), one, two) },
		"the old one has stopped": func(r *runner, one, two string) error {
			if err := r.containers.swap(t.Context(), one, two); err != nil {
				return err
			}
			return b.docker.Stop(t.Context(), one, 5)
		},
	} {
		_, stop := b.run(old)
		one := b.alone(what+": the old one runs", old)
		stop(registry.ErrHandOver)
		killed, stop := b.run(old) // of which its parts alone are used
		b.alone(what+": it goes on", old)
		stop(registry.ErrHandOver)
		killed.containers.service = wanted
		two, err := killed.containers.prepare(t.Context(), wanted.Container, container.Origins{})
		if err == nil {
			err = b.docker.Start(t.Context(), two)
		}
		if err == nil {
			err = leave(killed, one, two)
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		_, stop = b.run(wanted)
		now := b.alone(what+": the wanted one is there alone", wanted)
		if kept := strings.HasSuffix(what, "the new one has the name") || strings.HasSuffix(what, "stopped"); kept != (now == two) {
			t.Errorf("%s: it is %s, and was %s", what, now, two)
		}
		stop(process.ErrStop)
		if all, err := b.docker.OfService(t.Context(), b.name); err != nil || len(all) > 0 {
			t.Errorf("%s: after the service was stopped there are %v, %v", what, all, err)
		}
	}
}
