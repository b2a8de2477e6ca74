package previewwork

import (
	"fmt"
	"log/slog"
	"net"
	"os/exec"
	"testing"
	"time"

	"rundock/internal/await"
	"rundock/internal/moduletest"
	"rundock/internal/preview"
	"rundock/internal/preview/gittest"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/mirror"
)

// polling asks a repository that answers, and such as accept connections and never do.
func polling(t *testing.T, hanging int, patience time.Duration) (p *polls, asked func(end string) int) {
	t.Helper()
	if moduletest.InHost { // whose loopback is down
		if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	shop := gittest.New(t)
	commit := shop.Commit("main", map[string]string{"a": "1"})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	keys := map[string]any{ledger.NamesKey: map[string]any{}}
	add := func(name, url string) {
		keys[ledger.RepoPrefix+name] = preview.Repo{Name: name, URL: url, Poll: 1}
		keys[ledger.WishPrefix+name] = preview.Wish{Name: name, Repo: name, Branch: "main", Commit: commit, Want: preview.Running}
	}
	add("shop", shop.HTTP("", ""))
	for i := range hanging {
		add(fmt.Sprint("silent-", i), fmt.Sprintf("http://%s/%d", silent.Addr(), i))
	}
	w := &worker{log: slog.New(slog.DiscardHandler), view: following(t, keys), metrics: newMetrics(), mirrors: mirror.Folder{Path: t.TempDir()}}
	return w.newPolls(patience), func(end string) int {
		families, err := w.metrics.all.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, m := range family.GetMetric() {
				if family.GetName() == "previewd_work_polls_total" && m.GetLabel()[0].GetValue() == end {
					return int(m.GetCounter().GetValue())
				}
			}
		}
		return 0
	}
}

func TestPolls_go_on_while_a_repository_hangs(t *testing.T) {
	p, asked := polling(t, pollAtOnce-1, time.Hour)
	await.True(t, "the repository that answers is asked three times", func() bool { p.begin(t.Context()); return asked("well") >= 3 })
	if n := asked("failed"); n > 0 {
		t.Errorf("%d polls of repositories that hang have ended", n)
	}
}

func TestPolls_end_where_a_repository_hangs(t *testing.T) {
	p, asked := polling(t, 2*pollAtOnce, 100*time.Millisecond)
	await.True(t, "the repository that answers is asked, and those that hang were", func() bool {
		p.begin(t.Context())
		return asked("well") >= 1 && asked("failed") >= 2*pollAtOnce
	})
	p.all.Wait()
	if len(p.busy) > 0 {
		t.Errorf("%v are said to be asked", p.busy)
	}
}
