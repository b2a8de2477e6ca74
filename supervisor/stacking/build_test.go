package stacking

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/errdefs"

	"rundock/internal/container"
	"rundock/internal/container/dockertest"
	"rundock/internal/control"
)

// voting has two services of one folder and one of another, as people write them.
const voting = `
services:
  vote: {build: ./vote}
  again: {build: {context: vote, dockerfile: Dockerfile, cache_from: [x]}}
  work: {image: "registry.example.com:5000/work:1", build: {context: work, dockerfile: ../Dockerfile.work}}
`

const votingShell = "FROM scratch\nCOPY busybox /bin/sh\nCOPY . /app/\n"

// toBuildOn is a bench where the project has voting.
func toBuildOn(t *testing.T) *bench {
	b := newBench(t)
	b.write(voting)
	return b
}

// builds is such a one with a real Docker and image registry.
func builds(t *testing.T) *bench {
	dockertest.Start(t)
	b := toBuildOn(t)
	docker, err := container.Open()
	if err != nil {
		t.Fatal(err)
	}
	b.site.docker = docker
	b.put("vote/Dockerfile", votingShell+"RUN echo voted\n")
	b.put("vote/.dockerignore", "*.log\n")
	b.put("Dockerfile.work", votingShell+"LABEL a=b\n")
	b.files["work/.dockerignore"] = control.StackFile{Absent: true}
	return b
}

func (b *bench) put(name, text string) { b.files[name] = control.StackFile{Data: []byte(text)} }

// withTrees tells of the folders, and names the image registry.
func withTrees(q *control.StackRequest) {
	q.Registry = dockertest.Registry
	q.Trees = map[string]control.StackTree{"vote": {Tree: "v1"}, "work": {Tree: "w1"}}
}

// build has an image built as the playbook does, of the files and a shell.
func (b *bench) build(asked control.StackBuild, files map[string]string) control.StackAnswer {
	b.Helper()
	shell, err := os.ReadFile("/usr/bin/busybox")
	if err != nil {
		b.Fatal(err)
	}
	files = maps.Clone(files)
	files["busybox"] = string(shell)
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	all := tar.NewWriter(packed)
	for _, name := range sortedKeys(files) {
		if err := all.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(files[name]))}); err != nil {
			b.Fatal(err)
		}
		if _, err := all.Write([]byte(files[name])); err != nil {
			b.Fatal(err)
		}
	}
	asked.Upload = filepath.Join(b.TempDir(), "upload")
	for _, err := range []error{all.Close(), packed.Close(), os.WriteFile(asked.Upload, out.Bytes(), 0o600)} {
		if err != nil {
			b.Fatal(err)
		}
	}
	a := b.ask(control.StackBuilds, func(q *control.StackRequest) { q.Build = &asked })
	for _, left := range []string{asked.Upload, filepath.Join(b.site.buildsDir, "context")} {
		if _, err := os.Stat(left); err == nil {
			b.Errorf("%s is left", left)
		}
	}
	return a
}

// One dockerd is for all: it takes seconds to start.
func TestBuild(t *testing.T) {
	b := builds(t)
	shown := b.must(control.StackPlan, withTrees)
	if lines := strings.Join(shown.Lines, "\n"); len(shown.Builds) != 2 || !strings.Contains(lines, "again, vote: to be built of vote on node-1\nwork: to be built of work on node-1\n") {
		t.Fatalf("the plan's builds are %+v, its lines\n%s", shown.Builds, lines)
	}
	if notes := strings.Join(shown.Notes, "\n"); !strings.Contains(notes, "image registry.example.com:5000/work:1: it is built, and called "+dockertest.Registry+"/shop/work") {
		t.Errorf("notes are %s", notes)
	}
	if a := b.ask(control.StackBegin, withTrees); !strings.Contains(a.Error, "work: to be built of work on node-1: not built yet") {
		t.Errorf("begin without the images says %q", a.Error)
	}
	broken := shown.Builds[0]
	broken.Names, broken.Build = []string{dockertest.Registry + "/shop/vote:broken"}, json.RawMessage(`{"context":".","inline":"FROM scratch\nCOPY busybox /bin/sh\nRUN echo why; echo not; exit 7\n"}`)
	if a := b.build(broken, map[string]string{}); !strings.Contains(a.Error, " : RUN echo why; echo not; exit 7: ") || !strings.Contains(a.Error, "non-zero code: 7") || !strings.Contains(a.Error, "ends: why | not") {
		t.Errorf("a build that fails says %q", a.Error)
	}
	if _, err := b.site.docker.Resolve(t.Context(), broken.Names[0]); !errdefs.IsNotFound(err) {
		t.Errorf("of a build that failed the image registry has something: %v", err)
	}
	b.buildsAll(shown)
	again := b.must(control.StackPlan, withTrees, func(q *control.StackRequest) { q.Expect = shown.Plan })
	if len(again.Builds) > 0 {
		t.Errorf("what was built is to be built: %+v", again.Builds)
	}
	b.roll(b.must(control.StackBegin, withTrees, func(q *control.StackRequest) { q.Expect = shown.Plan }), "monitor")
	b.kill()
	b.run = "two" // which finishes what the first one began
	if a := b.deploy(withTrees, func(q *control.StackRequest) { q.Expect = shown.Plan }); a.Release != 1 {
		t.Errorf("the run after one that was killed has release %d: %q", a.Release, a.Notes)
	}
	r := b.view().Latest()
	if vote := r.Images["vote"]; !strings.HasPrefix(vote, dockertest.Registry+"/shop/vote@sha256:") || !strings.HasSuffix(r.Images["again"], strings.TrimPrefix(vote, dockertest.Registry+"/shop/vote")) {
		t.Errorf("the release's images are %v", r.Images)
	}
	if last := b.must(control.StackPlan, withTrees); last.Changed {
		t.Errorf("the same files again: %q", last.Lines)
	}
	changed := b.must(control.StackPlan, withTrees, func(q *control.StackRequest) { q.Trees["work"] = control.StackTree{Tree: "w2"} })
	if len(changed.Builds) != 1 || changed.Builds[0].Services[0] != "work" || !strings.Contains(strings.Join(changed.Lines, "\n"), "1 replaced, 2 kept") {
		t.Errorf("of another folder %+v is to be built: %q", changed.Builds, changed.Lines)
	}
}

// buildsAll builds what a plan says, and sees what is in it.
func (b *bench) buildsAll(shown control.StackAnswer) {
	b.Helper()
	for n, files := range []map[string]string{{"a": "1", "Dockerfile": votingShell + "RUN echo voted\n", ".dockerignore": "*.log\n"}, {"a": "2"}} {
		a := b.build(shown.Builds[n], files)
		if a.Error != "" || len(a.Built) != len(shown.Builds[n].Names) {
			b.Fatalf("build %v: %s: %v", shown.Builds[n].Services, a.Error, a.Built)
		}
	}
	lines, err := fs.Glob(os.DirFS(b.site.buildsDir), "*.log")
	if err != nil || strings.Join(lines, " ") != "shop-again.log shop-work.log" {
		b.Errorf("logs are %v, %v", lines, err)
	}
}

func TestBuild_says_what_is_wrong_before_anything_is_built(t *testing.T) {
	b := toBuildOn(t)
	text := "FROM scratch\n"
	for name, change := range map[string]func(q *control.StackRequest){
		"service vote: build: the site has no image registry":            func(q *control.StackRequest) { q.Registry = "" },
		"vote/Dockerfile:2: RUN: --mount needs BuildKit":                 func(q *control.StackRequest) { text += "RUN --mount=type=secret,id=x true\n" },
		"service vote: build: context vote: it is not there":             func(q *control.StackRequest) { q.Trees["vote"] = control.StackTree{Error: "it is not there"} },
		"rundock_stack_builder: other is no host":                        func(q *control.StackRequest) { q.Builder = "other" },
		"service vote: build: dockerfile vote/Dockerfile: file does not": func(q *control.StackRequest) { text = "" },
		"build.context: https://example.com/x.git is elsewhere":          func(*control.StackRequest) { b.write("services: {vote: {build: 'https://example.com/x.git'}}") },
		"no host of the architecture arm64":                              func(*control.StackRequest) { b.write("services: {vote: {build: vote, platform: linux/arm64}}") },
	} {
		text = "FROM scratch\n"
		b.write(voting)
		q := control.StackRequest{}
		withTrees(&q)
		change(&q)
		if b.put("vote/Dockerfile", text); text == "" {
			b.files["vote/Dockerfile"] = control.StackFile{Absent: true}
		}
		b.put("Dockerfile.work", "FROM scratch\n")
		b.files["vote/.dockerignore"], b.files["work/.dockerignore"] = control.StackFile{Absent: true}, control.StackFile{Absent: true}
		a := b.ask(control.StackPlan, func(r *control.StackRequest) { r.Registry, r.Trees, r.Builder = q.Registry, q.Trees, q.Builder })
		if !strings.Contains(a.Error, name) {
			t.Errorf("plan says %q, want %q", a.Error, name)
		}
	}
}

// A service that is built on a host of one architecture is placed on hosts of that.
func TestBuild_asks_for_what_it_needs_and_places_what_it_builds(t *testing.T) {
	b := toBuildOn(t)
	b.write("services: {vote: {build: ./vote}}")
	a := b.ask(control.StackPlan, func(q *control.StackRequest) { q.Registry = "r:5000" })
	if strings.Join(a.Wants, " ") != "vote/.dockerignore vote/Dockerfile" {
		t.Fatalf("wants = %q, %s", a.Wants, a.Error)
	}
	b.put("vote/Dockerfile", "FROM scratch\n")
	b.put("vote/.dockerignore", "*\n!a\n")
	a = b.ask(control.StackPlan, func(q *control.StackRequest) { q.Registry = "r:5000" })
	if len(a.Contexts) != 1 || a.Contexts[0].Folder != "vote" || len(a.Contexts[0].Ignore) != 2 || !a.Contexts[0].Ignore[1].Keep {
		t.Fatalf("contexts = %+v, %s", a.Contexts, a.Error)
	}
	told, err := readFacts(b.hosts)
	if err != nil {
		t.Fatal(err)
	}
	told["node-1"] = nil
	told["node-2"].Arch = "arm64"
	w := wanted{}
	r, _, err := load(t.Context(), control.StackRequest{Name: "shop", Compose: []string{"compose.yaml"}, Files: b.files}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.model = r.Stack
	one := building{service: "vote", def: w.model.Services["vote"], told: told}
	if host, err := one.host(); host != "node-2" || err != nil || len(one.def.Constraints) != 1 || one.def.Constraints[0].Value != "arm64" || len(one.notes) != 1 {
		t.Errorf("it is built on %s, %v, with %v, %q", host, err, one.def.Constraints, one.notes)
	}
}
