package forgetting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"rundock/internal/hostconfig"
	"rundock/internal/registry/tlsfiles"
)

// consulPatience is longer than an agent waits for a leader.
const consulPatience = 10 * time.Second

// An agent is this host's agent of Consul, which knows all the others. Its members are no
// matter of a store, and rundock's client of one has no call for them.
type agent struct {
	hostconfig.Consul
	http http.Client
}

func newAgent(c hostconfig.Consul) (agent, error) {
	transport := &http.Transport{DisableKeepAlives: true}
	if strings.HasPrefix(c.Address, "https:") {
		settings, err := tlsfiles.Files{CA: c.CA, Cert: c.Cert, Key: c.Key}.Config("consul")
		if err != nil {
			return agent{}, err
		}
		transport.TLSClientConfig = settings
	}
	return agent{c, http.Client{Transport: transport, Timeout: consulPatience}}, nil
}

// forget has Consul's cluster do without the agent of a host, and says so. There is
// nothing to say where it has none of that name.
func (a agent) forget(ctx context.Context, host string, check bool, out io.Writer) error {
	// The catalog of nodes goes on listing one for a moment.
	var members []struct{ Name string }
	answer, err := a.ask(ctx, http.MethodGet, "/v1/agent/members")
	if err == nil {
		err = json.Unmarshal(answer, &members)
	}
	if err != nil {
		return fmt.Errorf("list the members of Consul's cluster: %w", err)
	}
	for _, m := range members {
		if !strings.EqualFold(m.Name, host) {
			continue
		}
		if check {
			fmt.Fprintf(out, "place in Consul's cluster of %s would be free\n", host)
			continue
		}
		if _, err := a.ask(ctx, http.MethodPut, "/v1/agent/force-leave/"+url.PathEscape(m.Name)+"?prune"); err != nil {
			return fmt.Errorf("have Consul forget the agent of %s: %w", m.Name, err)
		}
		fmt.Fprintf(out, "place in Consul's cluster of %s is free\n", host)
	}
	return nil
}

// ask is one request of Consul's HTTP API, and its answer.
func (a agent) ask(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(a.Address, "/")+path, nil)
	if err != nil {
		return nil, err
	}
	if a.TokenFile != "" {
		token, err := os.ReadFile(a.TokenFile)
		if err != nil {
			return nil, err
		}
		request.Header.Set("X-Consul-Token", strings.TrimSpace(string(token)))
	}
	answer, err := a.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status + ": " + strings.TrimSpace(string(text)))
	}
	return text, err
}
