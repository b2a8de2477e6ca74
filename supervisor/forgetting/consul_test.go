package forgetting

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rundock/internal/await"
	"rundock/internal/hostconfig"
	"rundock/internal/registry/consultest"
)

func agentAt(t *testing.T, c hostconfig.Consul) agent {
	t.Helper()
	a, err := newAgent(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestForget_the_agent_of_Consul that was killed, which Consul lists until it is told.
func TestForget_the_agent_of_Consul(t *testing.T) {
	server := consultest.Start(t, nil)
	a := agentAt(t, hostconfig.Consul{Address: server.URL + "/"})
	forget := func(host string, check bool) string {
		t.Helper()
		var out strings.Builder
		if err := a.forget(t.Context(), host, check, &out); err != nil {
			t.Errorf("forget %s: %v", host, err)
		}
		return out.String()
	}
	var member string
	await.Nil(t, "the server answers", func() error {
		self, err := server.Admin("").Agent().Self()
		if err == nil {
			member = fmt.Sprintf("%v:%v", self["Member"]["Addr"], self["Member"]["Port"])
		}
		return err
	})
	gone := consultest.Start(t, map[string]any{"server": false, "bootstrap_expect": 0, "node_name": "Node-2", "retry_join": []string{member}})
	const would, is = "place in Consul's cluster of node-2 would be free\n", "place in Consul's cluster of node-2 is free\n"
	await.Empty(t, "the other agent is listed", func() string {
		var out strings.Builder
		if err := a.forget(t.Context(), "node-2", true, &out); err != nil || out.String() != would {
			return fmt.Sprintf("%q, %v", out.String(), err)
		}
		return ""
	})
	if got := forget("node", false) + forget("ode-2", false); got != "" {
		t.Errorf("of hosts that there are not it says %q", got)
	}
	gone.Kill()
	if got := forget("node-2", false); got != is {
		t.Errorf("it says %q, want %q", got, is)
	}
	if got := forget("node-2", false); got != "" {
		t.Errorf("again it says %q", got)
	}
}

func TestForget_asks_Consul_by_its_token(t *testing.T) {
	const token = "0b32e8b9-5d3a-4a3c-9d0c-3f1c2c6e7a10"
	server := consultest.Start(t, consultest.WithACL(token))
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := "consul-" + server.URL[strings.LastIndex(server.URL, ":")+1:]
	a := agentAt(t, hostconfig.Consul{Address: server.URL, TokenFile: file})
	await.True(t, "the server's own node is listed", func() bool {
		var out strings.Builder
		return a.forget(t.Context(), name, true, &out) == nil && out.String() == "place in Consul's cluster of "+name+" would be free\n"
	})
	if err := agentAt(t, hostconfig.Consul{Address: "http://127.0.0.1:1"}).forget(context.Background(), "x", false, os.Stdout); err == nil || !strings.Contains(err.Error(), "list the members of Consul's cluster: ") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("an agent that is away: %v", err)
	}
}
