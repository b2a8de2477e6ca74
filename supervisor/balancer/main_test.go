package balancer

import (
	"testing"

	"rundock/internal/registry/etcdtest"
)

func TestMain(m *testing.M) { etcdtest.Main(m) }
