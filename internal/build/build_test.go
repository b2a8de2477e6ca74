package build

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/container"
	"rundock/internal/container/dockertest"
	"rundock/internal/stack"
)

// site is a Docker of its own, with a log for each build.
type site struct {
	t       *testing.T
	builder Builder
	network string // file of its network namespace
}

func newSite(t *testing.T) *site {
	network := dockertest.Start(t)
	c, err := container.Open()
	if err != nil {
		t.Fatal(err)
	}
	// The machine's cgroups are those of other tests as well.
	b := Builder{Docker: c, Limits: Limits{Memory: 64 << 20, CPU: 500, Time: time.Hour, Free: 1}, Network: "rundock-builds", Cgroup: "rundockbuild" + strconv.Itoa(os.Getpid())}
	t.Cleanup(func() { os.Remove(filepath.Dir(pidsOf(t, b, "pids.max"))) })
	return &site{t, b, network}
}

// pidsOf is a file of the cgroup of all builds.
func pidsOf(t *testing.T, b Builder, file string) string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	root, _ := pidsMount(string(mounts))
	return filepath.Join(root, b.Cgroup, file)
}

// layers are the images that there are, those of steps too.
func (s *site) layers() (ids []string) {
	s.t.Helper()
	all, err := s.builder.Docker.Layers(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, one := range all {
		ids = append(ids, one.ID)
	}
	slices.Sort(ids)
	return ids
}

// wantLayers holds that the images are those of before.
func (s *site) wantLayers(before []string) {
	s.t.Helper()
	if now := s.layers(); !slices.Equal(now, before) {
		s.t.Errorf("the images are %v, want those of before, %v", now, before)
	}
}

// request is one of a Dockerfile that has busybox, and what is to run, each line by its shell.
func (s *site) request(tree string, run ...string) (Request, func() string) {
	s.t.Helper()
	busybox, err := os.ReadFile("/usr/bin/busybox")
	if err != nil {
		s.t.Fatal(err)
	}
	text := "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/busybox\n"
	for _, line := range run {
		text += "RUN " + line + "\n"
	}
	path := filepath.Join(s.t.TempDir(), "log")
	log, err := CreateLog(path, 1<<20)
	if err != nil {
		s.t.Fatal(err)
	}
	r := Request{
		Branch: branch(s.t, map[string]string{"web/busybox": string(busybox), "web/Dockerfile": text, "web/a": "1"}), Tree: tree, Build: stack.Build{Context: "web"},
		Name: dockertest.Registry + "/preview/web", Labels: map[string]string{"rundock.preview": "shop"}, Push: true, Log: log,
	}
	return r, func() string {
		lines, err := ReadLog(path, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		var all []string
		for _, one := range lines {
			all = append(all, one.Text)
		}
		return strings.Join(all, "\n")
	}
}

// wantNothingLeft holds that no container of a build is there.
func (s *site) wantNothingLeft() {
	s.t.Helper()
	parent, err := s.builder.parent(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if ids, err := s.builder.Docker.BuildContainers(s.t.Context(), parent); err != nil || len(ids) > 0 {
		s.t.Errorf("containers %v are left, %v", ids, err)
	}
}

// One dockerd is for all: it takes seconds to start.
func TestBuild(t *testing.T) {
	s := newSite(t)
	t.Run("an image is built, pushed and named by its digest", s.builds)
	t.Run("the same files are not built again", s.spares)
	t.Run("what is for BuildKit makes the same, as far as it can", s.adapts)
	t.Run("one may begin with an image of a registry that asks who is calling, and its steps see no credentials", s.asks)
	t.Run("one of what others wrote has the daemon fetch nothing", s.fetchesNothing)
	t.Run("nor does an image that it begins with", s.looksIntoBases)
	t.Run("a step that fails is in the log", s.fails)
	t.Run("one that is over its limits ends", s.limits)
	t.Run("one that is ended leaves no container", s.ends)
	t.Run("one that is ended is heard until the daemon has ended it", s.endsWhole)
}

func (s *site) builds(t *testing.T) {
	s.t = t
	r, log := s.request("t1", "busybox echo made $A by $TARGETARCH > /made", "busybox cat /made")
	r.Build.Args = map[string]string{"A": "it"}
	text, _ := r.Branch.ReadFile("web/Dockerfile")
	if err := r.Branch.WriteFile("web/Dockerfile", []byte(strings.Replace(string(text), "RUN", "ARG A\nARG TARGETARCH\nRUN", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	made, err := s.builder.Build(t.Context(), r)
	if err != nil || !made.Built || !strings.HasPrefix(made.Image, r.Name+"@sha256:") {
		t.Fatalf("made %+v, %v\n%s", made, err, log())
	}
	if !strings.Contains(log(), "made it by a") || !strings.Contains(log(), "Step 3/") {
		t.Errorf("the log is\n%s", log())
	}
	s.wantNothingLeft()
}

func (s *site) spares(t *testing.T) {
	s.t = t
	r, log := s.request("t2", "busybox true")
	first, err := s.builder.Build(t.Context(), r)
	if err != nil {
		t.Fatalf("%v\n%s", err, log())
	}
	again, log := s.request("t2", "busybox true")
	again.Build.NoCache = true
	second, err := s.builder.Build(t.Context(), again)
	if err != nil || second.Built || second.Image != first.Image || !strings.Contains(log(), "nothing is built") {
		t.Errorf("of the same files %+v is made, %v; want %+v\n%s", second, err, first, log())
	}
	other, log := s.request("t3", "busybox true")
	other.Push, other.Name = false, "preview/web"
	if third, err := s.builder.Build(t.Context(), other); err != nil || !third.Built || !strings.HasPrefix(third.Image, "preview/web:") {
		t.Errorf("without an image registry %+v is made, %v\n%s", third, err, log())
	}
	if third, err := s.builder.Build(t.Context(), other); err != nil || third.Built {
		t.Errorf("without an image registry, again %+v is made, %v\n%s", third, err, log())
	}
}

func (s *site) adapts(t *testing.T) {
	s.t = t
	r, log := s.request("t1a", "--mount=type=cache,target=/cache \\\n  busybox mkdir -p /cache && busybox touch /cache/kept",
		"<<-EOF\n\tset -e\n\tfor a in 1 2; do busybox echo \"in $a \\\n\t place\"; done\n\tbusybox ls /cache\n\tEOF", "busybox cat <<ONE && busybox cat <<'TWO'\nfirst $HOME\nONE\n# second\nTWO")
	text, _ := r.Branch.ReadFile("web/Dockerfile")
	text = []byte(strings.NewReplacer("FROM scratch", "# syntax=docker/dockerfile:1\nFROM --platform=$BUILDPLATFORM scratch", "COPY busybox /bin/sh", "COPY --link busybox /bin/sh").Replace(string(text)))
	if err := r.Branch.WriteFile("web/Dockerfile", text, 0o644); err != nil {
		t.Fatal(err)
	}
	made, err := s.builder.Build(t.Context(), r)
	if err != nil || !made.Built {
		t.Fatalf("made %+v, %v\n%s", made, err, log())
	}
	for _, want := range []string{"Dockerfile:5: RUN: --mount=type=cache,target=/cache is left out", "\nin 1  place\nin 2  place\nkept\n", "\nfirst /", "\n# second\n"} {
		if !strings.Contains(log(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log())
		}
	}
	s.wantNothingLeft()
}

func (s *site) fails(t *testing.T) {
	s.t = t
	before := s.layers()
	r, log := s.request("t4", "busybox echo t4 >/t4", "busybox echo ' ---> "+strings.TrimPrefix(before[0], "sha256:")[:12]+"'; busybox echo why; exit 7")
	if _, err := s.builder.Build(t.Context(), r); err == nil || !strings.Contains(err.Error(), "returned a non-zero code: 7") {
		t.Errorf("a step that fails: %v", err)
	}
	if !strings.Contains(log(), "busybox echo why; exit 7") || !strings.Contains(log(), "why") {
		t.Errorf("the log is\n%s", log())
	}
	s.wantNothingLeft()
	s.wantLayers(before)
	r, _ = s.request("t5")
	r.Build.Inline = "FROM scratch\nRUN --mount=type=secret,id=x true\n"
	var refused Refused
	if _, err := s.builder.Build(t.Context(), r); !errors.As(err, &refused) || !strings.Contains(err.Error(), "dockerfile_inline:2: RUN: --mount") {
		t.Errorf("a line that needs BuildKit: %v", err)
	}
	r.Build.Inline, s.builder.Limits.Context = "", 1000
	_, err := s.builder.Build(t.Context(), r)
	s.builder.Limits.Context = 0
	if err == nil || !strings.Contains(err.Error(), "more than 1000 bytes") {
		t.Errorf("a context that is too large: %v", err)
	}
}

func (s *site) limits(t *testing.T) {
	s.t = t
	r, log := s.request("t6", "busybox dd if=/dev/zero of=/dev/null bs=200M count=1")
	if _, err := s.builder.Build(t.Context(), r); err == nil || !strings.Contains(err.Error(), "returned a non-zero code") {
		t.Errorf("a step that fills memory: %v\n%s", err, log())
	}
	limits := s.builder.Limits
	defer func() { s.builder.Limits = limits }()
	s.builder.Limits.Processes = 50
	before := s.layers()
	for name, run := range map[string]string{
		"never ends":      "busybox sleep 1000000",
		"forks for ever":  "b() { b | b & }; while :; do b; done",
		"writes for ever": "busybox yes",
	} {
		if s.builder.Limits.Time = 20 * time.Second; name == "forks for ever" { // on a busy machine the step before has its image by then, too
			s.builder.Limits.Time = limits.Time // its shell ends once it cannot fork any more, however busy the machine is
		}
		r, log := s.request("limit "+name, "busybox echo "+name+" >/t", run)
		_, err := s.builder.Build(t.Context(), r)
		stopped := name == "forks for ever" && err != nil && strings.Contains(err.Error(), "returned a non-zero code: 2")
		if !errors.Is(err, ErrTime) && !stopped {
			t.Errorf("a step that %s: %v\n%.2000s", name, err, log())
		}
		if name == "forks for ever" && !strings.Contains(log(), "can't fork: Resource temporarily unavailable") {
			t.Errorf("a step that forks for ever met no limit of processes:\n%.2000s", log())
		}
		s.wantNothingLeft()
		s.wantLayers(before)
	}
	s.fillsDisk()
	s.wantLayers(before)
}

// fillsDisk has a step write for ever. The disk is not the test's alone: where others take the room
// before the step begins, the build ends then, and there is another one.
func (s *site) fillsDisk() {
	s.t.Helper()
	daemon, err := s.builder.Docker.Daemon(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.builder.Limits.Time = time.Hour
	for range 10 {
		free, err := freeOf(daemon.Root)
		if err != nil {
			s.t.Fatal(err)
		}
		s.builder.Limits.Free = free - 100<<20
		r, log := s.request("t7", "busybox echo t7 >/t7", "echo begun; while :; do busybox dd if=/dev/zero bs=1M count=4 2>/dev/null >>/t7; busybox sleep 0.1; done")
		if _, err := s.builder.Build(s.t.Context(), r); !errors.Is(err, ErrDisk) || !strings.Contains(log(), "are free") {
			s.t.Errorf("a step that fills the disk: %v\n%s", err, log())
		}
		s.wantNothingLeft()
		if strings.Contains(log(), "\nbegun") {
			return
		}
	}
	s.t.Error("no build's step began, as others took the room before")
}

func (s *site) ends(t *testing.T) {
	s.t = t
	gone := errors.New("the branch is gone")
	before := s.layers()
	r, log := s.request("t8", "busybox echo t8 >/t8", "busybox echo begun; busybox sleep 1000000")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error)
	go func() { _, err := s.builder.Build(ctx, r); ended <- err }()
	await.True(t, "the step runs", func() bool { return strings.Contains(log(), "\nbegun") })
	cancel(gone)
	if err := <-ended; !errors.Is(err, gone) {
		t.Errorf("a build that is ended: %v", err)
	}
	s.wantNothingLeft()
	s.wantLayers(before)
	// As a process leaves it that was killed.
	parent, err := s.builder.parent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, log = s.request("t9", "busybox echo begun; busybox sleep 1000000")
	go func() { _, err := s.builder.Build(t.Context(), r); ended <- err }()
	await.True(t, "the step runs", func() bool { return strings.Contains(log(), "\nbegun") })
	if ids, err := s.builder.Docker.BuildContainers(t.Context(), parent); err != nil || len(ids) != 1 {
		t.Errorf("while a step runs, its containers are %v, %v", ids, err)
	}
	if err := s.builder.Clean(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("a build whose container was removed went well")
	}
	s.wantNothingLeft()
}

// What the daemon does of a build after that would not be found to be removed.
func (s *site) endsWhole(t *testing.T) {
	s.t = t
	parent, err := s.builder.parent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, log := s.request("t11", "busybox echo begun; busybox sleep 1000000")
	files, err := open(r.Branch, r.Build.Context, "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer files.folder.Close()
	in, out := io.Pipe()
	go func() { out.CloseWithError(files.write(out, 1<<30)) }()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := s.builder.Docker.Build(ctx, container.BuildOptions{Context: in, Dockerfile: files.dockerfile, Tag: "preview/t11", Memory: 64 << 20, CPU: 500, Parent: parent}, r.Log.Add)
		ended <- err
	}()
	await.True(t, "the step runs", func() bool { return strings.Contains(log(), "\nbegun") })
	cancel()
	if err := <-ended; err == nil || errors.Is(err, container.ErrNoEnd) {
		t.Errorf("a build that is ended: %v", err)
	}
	s.wantNothingLeft() // now, and not after a while
	// One whose files are not sent yet is none for the daemon.
	ctx, cancel = context.WithCancel(t.Context())
	in, out = io.Pipe()
	go func() {
		_, err := s.builder.Docker.Build(ctx, container.BuildOptions{Context: in, Tag: "preview/t12", Memory: 64 << 20, CPU: 500, Parent: parent}, nil)
		ended <- err
	}()
	if _, err := out.Write(make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a build that is ended while its files are sent: %v", err)
	}
}
