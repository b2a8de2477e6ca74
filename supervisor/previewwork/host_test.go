package previewwork

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/preview"
	"rundock/internal/preview/settings"
	"rundock/internal/registry"
)

// One host is for all: it takes seconds to start.
func TestWork(t *testing.T) {
	r := newRig(t)
	r.shop("one")
	r.run("a branch is built, deployed and reached", (*rig).deploys)
	r.run("a push is deployed without a failed request, and leaves nothing of the one before", (*rig).redeploys)
	r.run("a setting is given to the containers without a build, and is in nothing else", (*rig).sets)
	r.run("the log of a container is given without the value of a setting, and to none but its preview", (*rig).givesLogs)
	r.run("a step that fails is named, and the last good commit serves", (*rig).fails)
	r.run("what nobody uses sleeps, and wakes once for all who ask", (*rig).sleeps)
	r.run("a sleep that was interrupted is finished", (*rig).sleepsHalf)
	r.run("one that never ran is deployed where it is to be started", (*rig).startsWhatNeverRan)
	r.run("of pushes while one is built the newest counts", (*rig).overtakes)
	r.run("one that is removed while it is built leaves nothing", (*rig).removesBuilding)
	r.run("one that no builder has begun goes at once while all are full, and is not begun once it is stopped", (*rig).removesQueued)
	r.run("one that waits for its repository goes while another build fetches that", (*rig).removesWhileFetching)
	r.run("two previews have the same names and volumes, each its own", (*rig).parts)
	r.run("a worker that is killed anywhere goes on", (*rig).killed)
	r.run("what a host had that is gone is made anew, also with a volume and a port that is taken", (*rig).takesOver)
	r.run("what no branch is to blame for is tried again", (*rig).triesAgain)
	r.run("what a builder left that was killed while it built goes", (*rig).leavesOfADeadBuilder)
	r.run("a host that loses its power while it builds goes on", (*rig).losesPower)
	r.run("a store that is away for a while is waited for", (*rig).storeAwayForAWhile)
	r.run("one whose time is over goes, and one that is pinned stays", (*rig).expires)
	r.run("a branch that is pushed or deleted is found by asking", (*rig).polls)
	r.run("a daemon that is away for a while is waited for", (*rig).dockerAway)
	r.run("a preview that is removed leaves nothing", (*rig).removes)
}

// run runs a part of the test, on what the parts before it have left.
func (r *rig) run(claim string, part func(*rig)) {
	whole := r.T
	if whole.Failed() {
		return
	}
	whole.Run(claim, func(t *testing.T) {
		r.T = t
		defer func() { r.T = whole }()
		part(r)
	})
}

func (r *rig) deploys() {
	commit := r.push("feature/Foo", "one", nil)
	w := r.ask("feature/Foo", commit)
	if w.Name != "feature-foo" {
		r.Errorf("the preview is called %s", w.Name)
	}
	r.serves("feature-foo", "/", "one")
	s := r.isMade("feature-foo")
	if s.Commit != commit || s.Host != "node-1" || s.Done == nil || s.Done.Commit != commit || len(s.Routes[""]) != 1 || !strings.HasPrefix(s.Routes[""][0], "10.99.0.1:21") {
		r.Errorf("the state is %+v", s)
	}
	r.serves("feature-foo", "/self", "feature-foo http://feature-foo.y.example.com")
	if log := r.log("feature-foo"); !strings.Contains(log, "Step 3/") || !strings.Contains(log, "ready at http://feature-foo.y.example.com") {
		r.Errorf("the log is\n%s", log)
	}
}

func (r *rig) redeploys() {
	before := r.containersOf("feature-foo")
	commit := r.push("feature/Foo", "two", nil)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	var failed, asked atomic.Int64
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				asked.Add(1)
				if text, code := r.get("feature-foo", "/"); code != 200 || text != "one" && text != "two" {
					failed.Add(1)
					r.Errorf("during the redeployment: %d %.200s", code, text)
				}
			}
		})
	}
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.serves("feature-foo", "/", "two")
	r.becomes("feature-foo", preview.Ready)
	r.long("the old container is gone", func() string {
		for _, name := range r.containersOf("feature-foo") {
			for _, old := range before {
				if name == old {
					return name
				}
			}
		}
		return ""
	})
	close(stop)
	clients.Wait()
	r.Logf("%d requests, %d failed", asked.Load(), failed.Load())
	r.long("one image is kept", func() string {
		images, err := r.docker.ImagesLabelled(r.Context(), previewLabel, "feature-foo")
		if err != nil || len(images) != 1 {
			return fmt.Sprint(images, err)
		}
		return ""
	})
}

// containersOf are the containers of a preview.
func (r *rig) containersOf(name string) (all []string) {
	for _, c := range r.dockerNames() {
		if strings.HasPrefix(c, "/preview-"+name+"-") {
			all = append(all, c)
		}
	}
	return all
}

const secret = "swordfish-7"

// lines is the value of a setting that has several.
const lines = "-----BEGIN KEY-----\nTWFya2VyLW9uZQ==\nTWFya2VyLXR3bw==\n-----END KEY-----\n"

func (r *rig) sets() {
	scope := settings.OfPreview("feature-foo")
	public, err := settings.PublicOf([]byte(strings.Repeat("k", settings.KeyBytes)))
	if err != nil {
		r.Fatal(err)
	}
	set, err := settings.Set{}.Put(public, scope, "TOKEN", secret)
	if err != nil {
		r.Fatal(err)
	}
	if set, err = set.Put(public, scope, "PEM", lines); err != nil {
		r.Fatal(err)
	}
	if done, err := r.store.Swap(r.Context(), registry.Swap{Key: scope.Key(), New: set.JSON()}); !done || err != nil {
		r.Fatal(done, err)
	}
	shown := r.argumentsWith(secret)
	r.serves("feature-foo", "/token", "token="+secret)
	r.serves("feature-foo", "/", "two")
	if log := r.log("feature-foo"); !strings.Contains(log, "nothing is built") || strings.Contains(log, secret) {
		r.Errorf("the log is\n%s", log)
	}
	r.becomes("feature-foo", preview.Ready)
	if with := shown(); with != "" {
		r.Errorf("arguments of a process have the value: %q", with)
	}
	listed, _, err := r.store.List(r.Context(), "/")
	if err != nil {
		r.Fatal(err)
	}
	for _, one := range listed {
		if strings.Contains(string(one.Value), secret) {
			r.Errorf("the store has the value at %s", one.Key)
		}
	}
	if said, _ := os.ReadFile(r.worker.log.Name()); strings.Contains(string(said), secret) {
		r.Error("the worker's log has the value")
	}
	filepath.WalkDir("/etc/sv", func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		info, _ := d.Info()
		if text, _ := os.ReadFile(path); strings.Contains(string(text), secret) && info.Mode().Perm()&0o077 != 0 {
			r.Errorf("%s has the value, and its mode is %v", path, info.Mode())
		}
		return nil
	})
}

// argumentsWith looks at the arguments of all processes until found is called, which returns those that had text.
func (r *rig) argumentsWith(text string) (found func() string) {
	ctx, cancel := context.WithCancel(r.Context())
	with := make(chan string)
	go func() {
		has := ""
		for ctx.Err() == nil {
			paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, path := range paths {
				if line, _ := os.ReadFile(path); strings.Contains(string(line), text) {
					has = string(line)
				}
			}
			time.Sleep(20 * time.Millisecond) // the machine has others to do, too
		}
		with <- has
	}()
	return func() string { cancel(); return <-with }
}

func (r *rig) fails() {
	commit := r.push("feature/Foo", "three", map[string]string{"Dockerfile": dockerfile + "RUN busybox true\nRUN echo why; exit 7\n"})
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	s := r.becomes("feature-foo", preview.Failed)
	if !strings.Contains(s.Reason, "RUN echo why; exit 7") || !strings.Contains(s.Reason, "of the log") || s.Done.Commit != commit {
		r.Errorf("the state is %+v", s)
	}
	r.stillServes("feature-foo", "two")
	// One whose container does not come up is undone, and what it printed is told without values of settings.
	commit = r.push("feature/Foo", "three", map[string]string{"Dockerfile": dockerfile + "CMD [\"/bin/sh\", \"-c\", \"echo \\\"told $PEM\\\"; exit 3\"]\n"})
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.so("it has failed", func() bool {
		s = r.state("feature-foo")
		return s.Step == preview.Failed && s.Done.Commit == commit
	})
	r.stillServes("feature-foo", "two")
	if log := r.log("feature-foo"); !strings.Contains(log, "told ****") || strings.Contains(log+s.Reason, "TWFya2Vy") {
		r.Errorf("the log is\n%s\nand the reason %s", log, s.Reason)
	}
	if all := r.containersOf("feature-foo"); len(all) != 1 {
		r.Errorf("after the undoing its containers are %v", all)
	}
	// So is one that asks for what no preview may have.
	commit = r.push("feature/Foo", "three", map[string]string{"compose.yaml": compose + "    privileged: true\n"})
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.so("it is refused", func() bool {
		s = r.state("feature-foo")
		return s.Step == preview.Failed && s.Done.Commit == commit && strings.Contains(s.Reason, "privileged")
	})
	r.stillServes("feature-foo", "two")
}

// stillServes holds that a preview that has failed answers with text.
func (r *rig) stillServes(name, text string) {
	r.Helper()
	r.long(name, func() string {
		if got, code := r.get(name, "/"); code != 200 || got != text {
			return fmt.Sprintf("%d %.300s", code, got)
		}
		return ""
	})
}

// longAgo has a preview be used last, and its step begin, then. A later time than the one before would be another use.
func (r *rig) longAgo(name string, then time.Time) {
	r.Helper()
	await.Nil(r.T, "it was used long ago", func() error {
		if _, err := (records{r.store}).state(r.Context(), name, false, func(s *preview.State) { s.Since = then }); err != nil {
			return err
		}
		key := preview.UsedKey(name, "node-1")
		found, err := r.store.Read(r.Context(), []string{key})
		if err != nil || !found[0].Exists {
			return err
		}
		_, err = r.store.Swap(r.Context(), registry.Swap{Key: key, Old: found[0].Value, New: preview.Used{At: then}.JSON()})
		return err
	})
}

func (r *rig) sleeps() {
	r.push("feature/Foo", "four", nil)
	commit := r.repo.Git("rev-parse", "HEAD")
	r.change("feature-foo", func(w preview.Wish) preview.Wish { return w.Pushed(commit, "hook", time.Now().UTC()) })
	r.so("four is ready", func() bool { s := r.state("feature-foo"); return s.Step == preview.Ready && s.Commit == commit })
	then := time.Now().Add(-3 * time.Hour).UTC()
	r.so("it was used long ago, and sleeps", func() bool {
		if r.state("feature-foo").Step == preview.Ready {
			r.longAgo("feature-foo", then)
		}
		time.Sleep(time.Second) // what it is to see is looked for each two
		return r.state("feature-foo").Step == preview.Asleep
	})
	r.long("its containers are stopped", func() string { return strings.Join(r.containersOf("feature-foo"), " ") })
	if text, code := r.get("feature-foo", "/"); code != 503 {
		r.Errorf("asleep, it answers %d %.200s", code, text)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { r.get("feature-foo", "/") })
	}
	all.Wait()
	r.serves("feature-foo", "/", "four")
	r.becomes("feature-foo", preview.Ready)
	started := func() int {
		said, _ := os.ReadFile(r.worker.log.Name())
		return strings.Count(string(said), "deed=wake")
	}
	if r.so("the worker says that it was started", func() bool { return started() > 0 }); started() != 1 {
		r.Errorf("it was started %d times", started())
	}
	if found, err := r.store.Read(r.Context(), []string{preview.WakeKey("feature-foo")}); err != nil || found[0].Exists {
		r.Errorf("the wish to wake it is there yet: %+v, %v", found, err)
	}
}

func (r *rig) removes() {
	r.change("feature-foo", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	r.goes("feature-foo")
	listed, _, err := r.store.List(r.Context(), preview.Prefix)
	if err != nil {
		r.Fatal(err)
	}
	for _, one := range listed {
		if strings.HasPrefix(one.Key, preview.StatePrefix) || strings.HasPrefix(one.Key, preview.UsedPrefix) {
			r.Errorf("the store has %s yet", one.Key)
		}
	}
	if names := r.dockerNames(); strings.Contains(strings.Join(names, " "), "preview-") {
		r.Errorf("Docker has %v yet", names)
	}
}
