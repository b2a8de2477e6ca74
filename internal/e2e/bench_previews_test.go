package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/build"
	"rundock/internal/preview"
)

// hookSecret is that of the bench repository's hook.
const hookSecret = "the secret of a hook, for the benchmark"

// TestBenchPreviews measures previews of a Go service in an image of scratch: many of them, from one loop of calls of the API until a
// router has them all, and from another one until nothing is left of them; and one, from git push, with its hook, until the
// new version answers, and from the push of a commit without a change until the page has that ready.
func TestBenchPreviews(t *testing.T) {
	s := need(t)
	previews, pushes := 2, 1
	if benching() {
		previews, pushes = 50, 10
	}
	t.Cleanup(func() { s.withoutPreviews(t) })
	token := s.withService(t, previews)
	s.manyPreviews(t, token, previews)
	s.pushes(t, token, pushes)
	s.sh(t, front, etcdctl+"del /rundock/v1/preview/repo/ --prefix")
}

// withService has site.yml install previews, and a repository of a Go service, whose pushes a hook tells the page of. It returns
// a token for the page.
func (s *setup) withService(t *testing.T, previews int) (token string) {
	t.Helper()
	s.runSite(t, "-i", previewing(t, fmt.Sprintf("rundock_preview_most: %d, rundock_preview_most_here: %d, rundock_preview_hooks: {bench: '%s'}", previews+1, previews/2+1, hookSecret)))
	token = s.sh(t, back1, "previewd token --scope admin bench")
	await.Nil(t, "the page listens, now that somebody is let in", func() error {
		_, err := s.page(token, "GET", "/api/v1/previews", "")
		return err
	})
	s.gitAt(t, token, "bench", "kaneda", -1)
	if err := s.put(back1, filepath.Join(s.Dir, "images", "testapp"), "/srv/bench/app"); err != nil {
		t.Fatal(err)
	}
	s.sh(t, back1, `cd /srv/bench && cp app .git/app
printf 'FROM scratch\nCOPY app /app\nENV APP_LISTEN=:8080 APP_VERSION=0\nCMD ["/app", "serve"]\n' >Dockerfile
printf 'services:\n  web: {build: ., stop_grace_period: 1s, ports: ["80:8080"]}\n' >compose.yaml
git add -A && git commit -q -m first
cat >/srv/bench.git/hooks/post-receive <<'END'
#!/bin/sh
while read -r _ new ref; do
	curl -sS --max-time 20 -H 'X-Gitlab-Token: `+hookSecret+`' -H "X-Gitlab-Event-UUID: $new" -d "{\"ref\": \"$ref\"}" http://`+s.Addr(back1).String()+`:`+pagePort+`/api/v1/hooks/bench
done
END
chmod 755 /srv/bench.git/hooks/post-receive`)
	return token
}

// version is a script that commits the service of the bench repository as another program, in the version v.
func version(v string) string {
	return "cd /srv/bench && cp .git/app app && echo " + v + " >>app && sed -i 's/APP_VERSION=.*/APP_VERSION=" + v + "/' Dockerfile && git commit -q -a -m " + v
}

// answers waits until pending returns none of names, and returns how long each of them took from began on. It fails where none of them
// comes for await.Deadline.
func answers(t *testing.T, what string, began time.Time, names []string, pending func(names []string) (left []string, why string)) (took []time.Duration) {
	t.Helper()
	last := time.Now()
	for {
		left, why := pending(names)
		for range len(names) - len(left) {
			took, last = append(took, time.Since(began)), time.Now()
		}
		if names = left; len(names) == 0 {
			return took
		}
		if time.Since(last) > await.Deadline {
			t.Fatalf("%s: none came for %s, and these are left: %v: %s", what, await.Deadline, names, why)
		}
		time.Sleep(20 * time.Millisecond) // the next one comes when it does
	}
}

// serving asks the router for the version of previews by their names, and returns those that have another one, and what the
// last of these said.
func (s *setup) serving(client *http.Client, version func(name string) string) func([]string) ([]string, string) {
	return func(names []string) (left []string, why string) {
		for _, name := range names {
			text, err := s.preview(client, name)
			if err != nil || !strings.Contains(text, "\nversion "+version(name)+"\n") {
				left, why = append(left, name), fmt.Sprintf("%.300q, %v", text, err)
			}
		}
		return left, why
	}
}

// manyPreviews measures n previews of as many branches, and holds that nothing is left of them.
func (s *setup) manyPreviews(t *testing.T, token string, n int) {
	t.Helper()
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("kei%d", i))
	}
	s.sh(t, back1, "cd /srv/bench && for v in "+strings.Join(names, " ")+`; do
	git switch -q -c $v kaneda && sed -i "s/APP_VERSION=.*/APP_VERSION=$v/" Dockerfile && git commit -q -a -m $v || exit
done
git push -q origin --all && git switch -q kaneda`)
	before := s.leftOfPreviews(t, "kei")
	client := &http.Client{Timeout: 20 * time.Second}
	began := time.Now()
	for _, name := range names {
		s.create(t, token, name)
	}
	asked := time.Since(began)
	took := answers(t, "previews are served", began, names, s.serving(client, func(name string) string { return name }))
	fmt.Printf("measured: %d previews by one loop of calls, which took %s, until a router has them all: %s\n", n, asked.Round(time.Millisecond), slices.Max(took).Round(time.Second/10))
	distribution("each preview, from the loop's start", took, "")

	began = time.Now()
	for _, name := range names {
		if _, err := s.page(token, "DELETE", "/api/v1/previews/"+name, ""); err != nil {
			t.Fatal(err)
		}
	}
	asked = time.Since(began)
	took = answers(t, "previews go", began, names, func(names []string) (left []string, why string) {
		var all struct {
			Previews []struct{ Name, State, Reason string }
		}
		said, err := s.pageHas(token, "/api/v1/previews", &all)
		if err != nil {
			return names, fmt.Sprint(said, err)
		}
		for _, p := range all.Previews {
			left, why = append(left, p.Name), p.State+" "+p.Reason
		}
		return left, why
	})
	fmt.Printf("measured: %d previews removed by one loop of calls, which took %s: %s\n", n, asked.Round(time.Millisecond), slices.Max(took).Round(time.Second/10))
	distribution("each removal, from the loop's start", took, "")
	await.Equal(t, "what hosts and store have is as before", before, func() string { return s.leftOfPreviews(t, "kei") })
}

// create asks for the preview of a branch, which is removed with the test where that fails before it does. On a machine that is busy
// the page may not hear of the repository in time.
func (s *setup) create(t *testing.T, token, branch string) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			s.page(token, "DELETE", "/api/v1/previews/"+branch, "")
			await.Empty(t, "nothing is left of "+branch, func() string { return s.previewLeft(t, branch) })
		}
	})
	await.Nil(t, "the page takes "+branch, func() error {
		_, err := s.page(token, "POST", "/api/v1/previews", `{"repo": "bench", "branch": "`+branch+`"}`)
		return err
	})
}

// leftOfPreviews is what hosts and store have of previews whose names begin so, but for events; and all networks but that of builds,
// which stays, and how many containers and volumes there are.
func (s *setup) leftOfPreviews(t *testing.T, names string) string {
	t.Helper()
	var all []string
	for _, host := range []string{front, back1, back2} {
		all = append(all, host+": "+s.previewOn(t, host, names), s.sh(t, host, `docker ps -aq | wc -l; docker network ls --format '{{.Name}}' | grep -vx `+preview.BuildNetwork+`; docker volume ls -q | wc -l
find /etc/sv /etc/service /etc/rundock /var/lib/rundock /run/rundock /var/log -name '*`+names+`*' 2>/dev/null | sort
for r in /var/lib/rundock/preview/repositories/*.git; do [ ! -d $r ] || git --git-dir=$r for-each-ref | grep `+names+`; done
grep -o '"name":"`+names+`[^"]*"' /var/lib/rundock/preview/routes.json 2>/dev/null; true`))
	}
	all = append(all, s.sh(t, front, etcdctl+"get --prefix --keys-only / | grep "+names+" | grep -v /event/; "+etcdctl+"get --print-value-only /rundock/v1/preview/names | grep -o "+names+"[0-9]* ; true"))
	return strings.Join(all, "\n")
}

// pushes measures n pushes of another version, and n of commits that change nothing, to a branch that has a preview.
func (s *setup) pushes(t *testing.T, token string, n int) {
	t.Helper()
	s.sh(t, back1, "cd /srv/bench && git push -q origin kaneda")
	s.create(t, token, "kaneda")
	client := &http.Client{Timeout: 20 * time.Second}
	has := func(v string) func([]string) ([]string, string) {
		return s.serving(client, func(string) string { return v })
	}
	answers(t, "kaneda is served", time.Now(), []string{"kaneda"}, has("0"))
	push := func() (began time.Time) {
		s.settled(t, "kaneda")
		began = time.Now()
		s.sh(t, back1, "cd /srv/bench && git push -q origin kaneda")
		return began
	}
	var changed, builds, same []time.Duration
	for i := range n {
		v := fmt.Sprint(i + 1)
		s.sh(t, back1, version(v))
		changed = append(changed, answers(t, "version "+v+" is served", push(), []string{"kaneda"}, has(v))...)
		builds = append(builds, s.built(t, token, "kaneda"))
	}
	for range n {
		commit := s.sh(t, back1, "cd /srv/bench && git commit -q --allow-empty -m same && git rev-parse HEAD")
		same = append(same, answers(t, "the commit without a change is ready", push(), []string{"kaneda"}, func(names []string) ([]string, string) {
			var kaneda struct{ State, Commit string }
			said, err := s.pageHas(token, "/api/v1/previews/kaneda", &kaneda)
			if err != nil || kaneda.State != string(preview.Ready) || kaneda.Commit != commit {
				return names, fmt.Sprint(said, err)
			}
			return nil, ""
		})...)
	}
	distribution("git push to the new version answering", changed, "10 s")
	distribution("the build of these", builds, "")
	distribution("git push of the same tree to ready", same, "5 s")
	if _, err := s.page(token, "DELETE", "/api/v1/previews/kaneda", ""); err != nil {
		t.Error(err)
	}
	await.Empty(t, "nothing is left of kaneda", func() string { return s.previewLeft(t, "kaneda") })
}

// settled waits until no builder works on a preview.
func (s *setup) settled(t *testing.T, name string) {
	t.Helper()
	await.Equal(t, "nobody works on "+name, "", func() string {
		return s.sh(t, front, etcdctl+"get --print-value-only /rundock/v1/preview/job/"+name)
	})
}

// built is how long the last deployment's build took, by its log: from the line of its service to the next one that is not the
// build's.
func (s *setup) built(t *testing.T, token, name string) time.Duration {
	t.Helper()
	var has struct{ Builder string }
	if said, err := s.pageHas(token, "/api/v1/previews/"+name, &has); err != nil {
		t.Fatal(said, err)
	}
	var lines []build.Line
	for text := range strings.Lines(s.sh(t, has.Builder, "cat /var/lib/rundock/preview/logs/"+name+".log")) {
		var l build.Line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		lines = append(lines, l)
	}
	from := slices.IndexFunc(lines, func(l build.Line) bool { return strings.HasPrefix(l.Text, "service ") })
	last := build.LastStep(lines)
	if from < 0 || last < from {
		t.Fatalf("the log of %s has no build: %v", name, lines)
	}
	return lines[last].Time.Sub(lines[from].Time)
}
