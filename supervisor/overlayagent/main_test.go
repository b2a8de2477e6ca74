package overlayagent

import (
	"testing"

	"rundock/internal/registry/etcdtest"
)

// What the agent does as a process, with a real etcd on a host of its own, is
// tested in files site_*_test.go, its parts beside themselves.
func TestMain(m *testing.M) { etcdtest.Main(m) }
