package cluster_test

import (
	"fmt"
	"strings"
	"testing"

	"rundock/dnsd/cluster"
	"rundock/internal/await"
	"rundock/internal/registry/etcdtest"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }

// etcd refuses to remove a member until it has been connected to the others for five
// seconds: who removes one right after another was restarted waits for that.
func TestRemove_right_after_a_restart(t *testing.T) {
	members := etcdtest.Cluster(t)
	var endpoints []string
	for _, m := range members {
		endpoints = append(endpoints, m.URL)
	}
	command := func(args ...string) (string, error) {
		var out strings.Builder
		none := func(string) (string, bool) { return "", false }
		err := cluster.Command(t.Context(), append(args, "--zone", "s.prod.example.com", "--etcd", strings.Join(endpoints, ",")), none, &out)
		return out.String(), err
	}
	members[1].Kill()
	members[1].Restart()
	await.Empty(t, "all members answer", func() string {
		said, err := command()
		if err == nil && strings.Count(said, "answers") == 3 {
			return ""
		}
		return fmt.Sprintf("%s, %v", said, err)
	})
	if said, err := command("remove", "member-2", "--check"); err != nil || !strings.HasPrefix(said, "would have removed member-2 (") {
		t.Errorf("--check: %q, %v", said, err)
	}
	if said, err := command("remove", "member-2"); err != nil || strings.Count(said, "removed member-2 (") != 1 {
		t.Errorf("said %q, %v, want it removed", said, err)
	}
	if said, err := command("remove", "member-2"); err != nil || said != "" {
		t.Errorf("once more: %q, %v, want nothing said", said, err)
	}
}
