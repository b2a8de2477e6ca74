package balancer

import (
	"os"
	"testing"

	"rundock/internal/registry/etcdtest"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(balanceAs); text != "" {
		balanceMain(text)
		return
	}
	etcdtest.Main(m)
}
