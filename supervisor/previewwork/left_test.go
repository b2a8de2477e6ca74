package previewwork

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rundock/internal/build"
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/supervisor"
)

func TestOrphans_are_logs_of_no_service_and_no_other_preview(t *testing.T) {
	known := facts{Services: []service{{Name: "preview-a-web-1", Stack: "preview-a"}, {Name: "preview-a-x-1", Stack: "preview-a-x"}}}
	var logs []string
	for _, one := range []string{"preview-a-web-1", "preview-a-old-1", "preview-a-b-web-1", "preview-a-x-1"} {
		logs = append(logs, supervisor.LogDir(one))
	}
	if got, want := orphans(logs, "a", known, []string{"a", "a-b", "c"}), []string{"preview-a-old-1"}; !slices.Equal(got, want) {
		t.Errorf("they are %v, want %v", got, want)
	}
	if got, want := orphans(logs[2:3], "a-b", known, []string{"a-b"}), []string{"preview-a-b-web-1"}; !slices.Equal(got, want) {
		t.Errorf("of the longer name they are %v, want %v", got, want)
	}
	if got := orphans(logs[2:3], "a-b", known, []string{"a", "a-b"}); len(got) != 0 {
		t.Errorf("beside a preview that may have it they are %v, want none", got)
	}
}

func TestReserve_keeps_a_preview_from_jobs_until_its_release(t *testing.T) {
	w := &worker{host: "a", choice: choice{"a", 5, takeover}, jobs: map[string]*job{"busy": {}}, retries: map[string]retry{}, wanted: map[string]time.Time{}, view: following(t, nil)}
	if w.reserve("busy") {
		t.Error("one that is worked on is reserved")
	}
	wish := preview.Wish{Name: "new", Commit: "c1", Want: preview.Running, Asked: noon}
	s := snapshot{wishes: map[string]preview.Wish{"new": wish}, facts: map[string]preview.Facts{"new": {Wish: wish}}}
	if !w.reserve("new") || len(w.due(s, noon)) != 0 {
		t.Error("a job begins for one that is reserved")
	}
	if w.release("new"); len(w.due(s, noon)) != 1 {
		t.Error("no job begins for one that was released")
	}
}

func TestBranches_are_of_previews_that_this_host_has_or_works_on(t *testing.T) {
	keys := map[string]any{ledger.NamesKey: map[string]any{}}
	for name, host := range map[string]string{"own": "a", "moved": "b", "working": "", "queued": "", "others": "a"} {
		repo := "shop"
		if name == "others" {
			repo = "forum"
		}
		keys[ledger.WishPrefix+name] = preview.Wish{Name: name, Repo: repo, Branch: "feature/" + name, Want: preview.Running}
		if host != "" {
			keys[preview.StateKey(name)] = preview.State{Name: name, Step: preview.Ready, Host: host}
		}
	}
	w := &worker{host: "a", jobs: map[string]*job{"working": {}}, view: following(t, keys)}
	for repo, want := range map[string][]string{"shop": {"feature/own", "feature/working"}, "forum": {"feature/others"}, "gone": nil} {
		got, err := w.branches(repo)
		if slices.Sort(got); err != nil || !slices.Equal(got, want) {
			t.Errorf("of %s they are %v, %v, want %v", repo, got, err, want)
		}
	}
	for claim, v := range map[string]*view{"the store is away": w.view, "the store is new": following(t, nil)} {
		if claim == "the store is away" {
			v.health(errors.New("away"))
		}
		w.view = v
		if got, err := w.branches("shop"); err == nil {
			t.Errorf("while %s they are %v", claim, got)
		}
	}
}

// leavesOfADeadBuilder kills the worker while it builds a second image of a preview that another host takes, and that is
// removed there.
func (r *rig) leavesOfADeadBuilder() {
	commit := r.push("ghost", "ghost", map[string]string{"Dockerfile": dockerfile, "Slow": slow, "compose.yaml": compose + "    environment: {A: b}\n  zoo: {build: {context: ., dockerfile: Slow}}\n"})
	r.ask("ghost", commit)
	r.builds("ghost")
	r.worker.kill(syscall.SIGKILL)
	log, tree := build.LogFile(logDir, "ghost"), "/var/lib/rundock/preview/trees/ghost"
	images, err := r.docker.ImagesLabelled(r.Context(), previewLabel, "ghost")
	_, noLog := os.Stat(log)
	_, noTree := os.Stat(tree)
	if err := errors.Join(err, noLog, noTree); err != nil || len(images) == 0 || !slices.Contains(r.mirrored(), "ghost") {
		r.Fatalf("the killed builder leaves %d images, branches %v, %v", len(images), r.mirrored(), err)
	}
	r.change("ghost", func(w preview.Wish) preview.Wish { w.Want = preview.Removed; return w })
	if err := (records{r.store}).forget(r.Context(), "ghost"); err != nil {
		r.Fatal(err)
	}
	if gone, err := r.ledger.Forget(r.Context(), "ghost"); !gone || err != nil {
		r.Fatal(gone, err)
	}
	r.startWorker()
	r.long("the killed builder leaves nothing", func() string {
		images, err := r.docker.ImagesLabelled(r.Context(), previewLabel, "ghost")
		logs, _ := filepath.Glob(log)
		trees, _ := filepath.Glob(tree)
		if err != nil || len(images)+len(logs)+len(trees) > 0 || slices.Contains(r.mirrored(), "ghost") {
			return fmt.Sprint(images, logs, trees, r.mirrored(), err)
		}
		return ""
	})
	r.serves("feature-foo", "/", "seven")
	if all := r.mirrored(); !slices.Contains(all, "feature/Foo") {
		r.Errorf("of its own previews' branches it has %v", all)
	}
}

// mirrored are the branches that this host has of the repository.
func (r *rig) mirrored() (branches []string) {
	r.Helper()
	if _, err := os.Stat(mirrors + "/shop.git"); err != nil {
		return nil
	}
	out, err := exec.Command("git", "--git-dir", mirrors+"/shop.git", "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/").Output()
	if err != nil {
		r.Fatal(err)
	}
	return strings.Fields(string(out))
}

// mirrors is where a host has those of repositories.
const mirrors = "/var/lib/rundock/preview/repositories"

// left is what there is of a preview: in the store, in Docker, and in folders. Names of others that begin as its name
// does are passed over.
func (r *rig) left(name string, others ...string) (all []string) {
	r.Helper()
	has := func(text string) bool {
		for _, other := range others {
			text = strings.ReplaceAll(text, other, "")
		}
		return strings.Contains(text, name)
	}
	for _, prefix := range []string{"/rundock/", "/skydns/"} {
		listed, _, err := r.store.List(r.Context(), prefix)
		if err != nil {
			r.Fatal(err)
		}
		for _, l := range listed {
			if has(l.Key+" "+string(l.Value)) && !strings.HasPrefix(l.Key, ledger.EventPrefix) {
				all = append(all, l.Key)
			}
		}
	}
	volumes, err := r.docker.Volumes(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	images, err := r.docker.Images(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	for _, i := range images {
		volumes = append(volumes, i.Names...)
	}
	for _, v := range append(volumes, r.dockerNames()...) {
		if has(v) {
			all = append(all, v)
		}
	}
	for _, dir := range []string{"/etc/sv", "/etc/service", "/etc/rundock", "/var/log", "/var/lib/rundock", "/run/rundock"} {
		filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err == nil && has(filepath.Base(path)) {
				all = append(all, path)
			}
			return nil
		})
	}
	return all
}

// dockerNames are the names of containers and networks.
func (r *rig) dockerNames() (all []string) {
	r.Helper()
	var containers []struct{ Names []string }
	r.dockerGet("/containers/json?all=1", &containers)
	for _, c := range containers {
		all = append(all, c.Names...)
	}
	var networks []struct{ Name string }
	r.dockerGet("/networks", &networks)
	for _, n := range networks {
		all = append(all, n.Name)
	}
	return all
}

func (r *rig) dockerGet(path string, into any) {
	r.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, Dial: func(string, string) (net.Conn, error) { return net.Dial("unix", "/run/docker.sock") }}}
	a, err := client.Get("http://docker" + path)
	if err != nil {
		r.Fatal(err)
	}
	defer a.Body.Close()
	if err := json.NewDecoder(a.Body).Decode(into); err != nil {
		r.Fatal(err)
	}
}

// goes waits until nothing is left of a preview.
func (r *rig) goes(name string, others ...string) {
	r.Helper()
	r.long("nothing is left of "+name, func() string { return strings.Join(r.left(name, others...), " ") })
}
