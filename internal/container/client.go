// Package container runs containers through the Docker Engine API (1.41 and
// later): pull, create, start, stop, follow state and logs. It keeps Docker's
// networks of overlay networks (overlay.go, ensureoverlay.go) and lists where
// containers meet the host (outlets.go). It is the only importer of the Docker
// client.
//
// What is ours is known by labels, never by comparing the daemon's inflated
// inspect output with what was asked for: daemons add fields with every
// release.
package container

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/docker/docker/client"
)

// Labels of the containers we create.
const (
	LabelService    = "rundock.service"    // name of the service
	LabelSpec       = "rundock.spec"       // hash of its spec
	LabelAddresses  = "rundock.addresses"  // host addresses that were filled in, "PRIVATE_IP=10.0.0.2"
	LabelResolver   = "rundock.resolver"   // the host's private address, where that is the container's resolver
	LabelPartners   = "rundock.partners"   // containers that it shares something with, as they were
	LabelDeployment = "rundock.deployment" // what it was made for: the same for all that were made after crashes
	LabelContents   = "rundock.contents"   // digests of what the files held that it was made from; not there where it is made from none
)

// Client speaks to one Docker daemon.
type Client struct {
	engine    atomic.Pointer[client.Client]
	mu        sync.Mutex // guards daemonAPI, and the replacement of engine
	daemonAPI string     // API version that the daemon named last; "": it was not asked yet
	limits    limits
}

// Open returns a client of the daemon that DOCKER_HOST names, by default the
// one at /var/run/docker.sock. It does not connect: a daemon that is down
// shows with the first call.
func Open() (*Client, error) {
	api, err := newEngine()
	if err != nil {
		return nil, fmt.Errorf("open Docker client: %w", err)
	}
	c := &Client{limits: defaultLimits}
	c.engine.Store(api)
	return c, nil
}

func newEngine() (*client.Client, error) {
	return client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
}

func (c *Client) api() *client.Client { return c.engine.Load() }

// short is the form of an id that docker ps prints; names stay whole.
func short(id string) string {
	if len(id) == 64 {
		return id[:12]
	}
	return id
}
