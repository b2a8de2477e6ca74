package mirror

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rundock/internal/preview/gittest"
)

func folder(t *testing.T) Folder { return Folder{Path: filepath.Join(t.TempDir(), "mirrors")} }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestFetch_brings_the_newest_commit_of_a_branch(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("main", map[string]string{"a": "1"})
	first := r.Commit("feature/x", map[string]string{"a": "2"})
	ssh, key, known := r.SSH()
	private := filepath.Join(t.TempDir(), "it's ours")
	plain, asking := r.HTTP("", ""), r.HTTP("user", "sesame")
	if err := os.WriteFile(private, []byte(strings.Replace(asking, "://", "://user:sesame@", 1)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]Source{
		"over http": {URL: plain}, "over http, with credentials": {URL: asking, Credentials: private},
		"over ssh": {URL: ssh, Key: key, KnownHosts: known}, "over ssh, of a host that is met first": {URL: ssh, Key: key},
	} {
		t.Run(name, func(t *testing.T) {
			f := folder(t)
			heads := must(f.Heads(t.Context(), s))(t)
			if heads["feature/x"] != first || len(heads) != 2 {
				t.Errorf("Heads = %v, want two, feature/x at %s", heads, first)
			}
			if got := must(f.Fetch(t.Context(), "shop", s, "feature/x"))(t); got != first {
				t.Errorf("Fetch = %s, want %s", got, first)
			}
		})
	}
	f, s := folder(t), Source{URL: plain}
	must(f.Fetch(t.Context(), "shop", s, "feature/x"))(t)
	second := r.Commit("feature/x", map[string]string{"a": "3"})
	if got := must(f.Fetch(t.Context(), "shop", s, "feature/x"))(t); got != second {
		t.Errorf("Fetch after a push = %s, want %s", got, second)
	}
	r.Git("commit", "--quiet", "--amend", "--message", "other")
	if got := must(f.Fetch(t.Context(), "shop", s, "feature/x"))(t); got != r.Git("rev-parse", "HEAD") {
		t.Errorf("Fetch after a forced push = %s", got)
	}
	must(f.Export(t.Context(), "shop", second, filepath.Join(t.TempDir(), "x")))(t)
}

func TestFetch_says_what_is_wrong(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("main", map[string]string{"a": "1"})
	plain, asking := r.HTTP("", ""), r.HTTP("user", "sesame")
	ssh, _, _ := r.SSH()
	wrong := filepath.Join(t.TempDir(), "credentials")
	text := strings.Replace(asking, "://", "://user:swordfish@", 1) + "\n"
	if err := os.WriteFile(wrong, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		s            Source
		branch, want string
	}{
		"a branch that is not there":   {Source{URL: plain}, "gone", ErrNoBranch.Error()},
		"a branch that is an option":   {Source{URL: plain}, "--upload-pack=x", "hyphen"},
		"a helper":                     {Source{URL: "ext::sh -c id"}, "main", "not allowed"},
		"a folder of the host":         {Source{URL: r.Dir}, "main", "want https"},
		"no credentials":               {Source{URL: asking}, "main", "could not read Username"},
		"the wrong credentials":        {Source{URL: asking, Credentials: wrong}, "main", "Authentication failed"},
		"no key":                       {Source{URL: ssh}, "main", "Permission denied"},
		"a host with another key":      {Source{URL: ssh, KnownHosts: "/dev/null"}, "main", "Host key verification failed"},
		"a repository that is no more": {Source{URL: plain + "x"}, "main", "not found"},
	} {
		_, err := folder(t).Fetch(t.Context(), "shop", c.s, c.branch)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if data, err := os.ReadFile(wrong); err != nil || string(data) != text {
		t.Errorf("credentials that are refused are removed: %q, %v", data, err)
	}
}

func TestFetch_knows_no_file_of_git_s_own_and_no_environment(t *testing.T) {
	r := gittest.New(t)
	r.Commit("main", map[string]string{"a": "1"})
	home, mark := t.TempDir(), filepath.Join(t.TempDir(), "mark")
	config := "[core]\n\thooksPath = " + home + "\n\tsshCommand = touch " + mark + "\n[url \"https://nowhere.invalid/\"]\n\tinsteadOf = http://127.0.0.1\n"
	for name, text := range map[string]string{".gitconfig": config, "reference-transaction": "#!/bin/sh\ntouch " + mark + "\n"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(home, ".gitconfig"))
	t.Setenv("GIT_DIR", r.Dir)
	must(folder(t).Fetch(t.Context(), "shop", Source{URL: r.HTTP("", "")}, "main"))(t)
	if _, err := os.Stat(mark); err == nil {
		t.Error("a hook of somebody's own ran")
	}
}

func TestFetch_ends_beyond_its_limits(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	big := make([]byte, 4<<20)
	rand.Read(big)
	r.Commit("main", map[string]string{"big": string(big)})
	f, s := folder(t), Source{URL: r.HTTP("", "")}
	f.Limit = 1 << 20
	if _, err := f.Fetch(t.Context(), "shop", s, "main"); !errors.Is(err, ErrTooLarge) {
		t.Errorf("Fetch of 4 MiB with a limit of 1 MiB: %v", err)
	}
	if _, err := os.Stat(f.dir("shop")); err == nil {
		t.Error("the mirror that is too large is there yet")
	}
	f.Limit, f.Patience = 0, time.Nanosecond
	if _, err := f.Fetch(t.Context(), "shop", s, "main"); err == nil || !strings.Contains(err.Error(), "not done within") {
		t.Errorf("Fetch without time: %v", err)
	}
	f.Patience = 0
	must(f.Fetch(t.Context(), "shop", s, "main"))(t)
}

func TestFetch_goes_on_after_a_kill_and_beside_others(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	want := r.Commit("main", map[string]string{"a": "1"})
	f, s := folder(t), Source{URL: r.HTTP("", "")}
	// As a kill leaves it: half a mirror, locks of git's, half a pack.
	for _, name := range []string{"HEAD", "refs/heads/main.lock", "shallow.lock", "objects/pack/tmp_pack_x"} {
		path := filepath.Join(f.dir("shop"), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if got, err := f.Fetch(t.Context(), "shop", s, "main"); err != nil || got != want {
				t.Errorf("one of four Fetch at once: %s, %v", got, err)
			}
		})
	}
	all.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Fetch(ctx, "shop", s, "main"); !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch for nobody: %v", err)
	}
}

func TestFetch_takes_a_branch_in_the_place_of_one_that_was_its_folder(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("a", map[string]string{"a": "1"})
	f, s := folder(t), Source{URL: r.HTTP("", "")}
	must(f.Fetch(t.Context(), "shop", s, "a"))(t)
	r.Git("switch", "--quiet", "--detach")
	r.Git("branch", "--delete", "--force", "a")
	r.Git("branch", "a/b")
	must(f.Fetch(t.Context(), "shop", s, "a/b"))(t)
	r.Git("branch", "--delete", "--force", "a/b")
	r.Git("branch", "a")
	must(f.Fetch(t.Context(), "shop", s, "a"))(t)
}

func TestParseHeads_leaves_out_what_cannot_be_a_branch(t *testing.T) {
	id := strings.Repeat("a", 40)
	got := parseHeads(id + "\trefs/heads/main\n" + id + "\trefs/heads/-x\nxyz\trefs/heads/y\n" + id + "\trefs/tags/v1\nrubbish\n" + id + "\trefs/heads/ü/ä\n")
	if len(got) != 2 || got["main"] != id || got["ü/ä"] != id {
		t.Errorf("parseHeads = %v", got)
	}
}

func TestDrop_takes_a_branch_out_of_a_mirror(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("main", map[string]string{"a": "1"})
	r.Commit("feature/x", map[string]string{"a": "2"})
	f, s := folder(t), Source{URL: r.HTTP("", "")}
	if err := f.Drop(t.Context(), "shop", "main"); err != nil {
		t.Errorf("without a mirror: %v", err)
	}
	for _, branch := range []string{"main", "feature/x"} {
		must(f.Fetch(t.Context(), "shop", s, branch))(t)
	}
	for range 2 {
		if err := f.Drop(t.Context(), "shop", "feature/x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(f.Path, "shop.git/refs/heads/feature/x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the branch is there yet: %v", err)
	}
	if err := f.Drop(t.Context(), "shop", "--all"); err == nil {
		t.Error("an option is taken for a branch")
	}
}

func TestKeep_leaves_of_a_mirror_the_branches_that_are_needed(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	f, s := folder(t), Source{URL: r.HTTP("", "")}
	r.Commit("main", map[string]string{"a": "1"})
	gone := r.Commit("feature/x", map[string]string{"a": "2"})
	r.Commit("feature/y", map[string]string{"a": "3"})
	for _, branch := range []string{"main", "feature/x", "feature/y"} {
		must(f.Fetch(t.Context(), "shop", s, branch))(t)
	}
	dir := f.dir("shop")
	has := func() string {
		return strings.Join(strings.Fields(string(must(run(f.git(t.Context(), dir, Source{}, "for-each-ref", "--format=%(refname:lstrip=2)"), 1<<10))(t))), " ")
	}
	keep := func(branches ...string) error {
		return f.Keep(t.Context(), "shop", func() ([]string, error) { return branches, nil })
	}
	for range 2 {
		if err := keep("main", "feature/y", "none"); err != nil {
			t.Fatal(err)
		}
		if got := has(); got != "feature/y main" {
			t.Errorf("it has %q", got)
		}
	}
	// A build that has fetched already goes on.
	must(f.Export(t.Context(), "shop", gone, filepath.Join(t.TempDir(), "x")))(t)
	unknown := errors.New("nobody knows")
	if err := f.Keep(t.Context(), "shop", func() ([]string, error) { return nil, unknown }); !errors.Is(err, unknown) || has() != "feature/y main" {
		t.Errorf("where nobody knows what is needed: %v, it has %q", err, has())
	}
	for range 2 {
		if err := keep(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a mirror of which nothing is needed is there yet: %v", err)
		}
	}
	if got := must(f.Fetch(t.Context(), "shop", s, "feature/x"))(t); got != gone {
		t.Errorf("Fetch after that = %s, want %s", got, gone)
	}
}

func TestKeep_and_Drop_leave_a_mirror_alone_that_somebody_works_on(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Commit("main", map[string]string{"a": "1"})
	f := folder(t)
	must(f.Fetch(t.Context(), "shop", Source{URL: r.HTTP("", "")}, "main"))(t)
	lock := must(f.lock(t.Context(), "shop"))(t)
	defer lock.Close()
	asked := func() ([]string, error) {
		t.Error("it is asked what is needed, which may change until it has the mirror")
		return nil, nil
	}
	if err := errors.Join(f.Keep(t.Context(), "shop", asked), f.Drop(t.Context(), "shop", "main")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(f.dir("shop"), "refs/heads/main")); err != nil {
		t.Error(err)
	}
}
