package live

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rundock/internal/netnstest"
)

func TestWatch_tells_of_one_table_whoever_changes_it(t *testing.T) {
	ns := netnstest.New(t, "host")
	at, err := os.Open(ns.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	ctx, cancel := context.WithCancel(t.Context())
	told, done := make(chan bool, 1000), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		if err := unix.Setns(int(at.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		done <- Watch(ctx, "mine", func() { told <- true })
	}()
	// tells takes all of a burst.
	tells := func(what string, within time.Duration) (any bool) {
		for wait := within; ; wait = 100 * time.Millisecond {
			select {
			case err := <-done:
				t.Fatalf("%s: Watch ended: %v", what, err)
			case <-told:
				any = true
			case <-time.After(wait):
				return any
			}
		}
	}
	if !tells("at first", 10*time.Second) {
		t.Fatal("it does not tell that it watches")
	}
	table := "nft 'add table inet mine; add set inet mine hosts { type ipv4_addr; }; add chain inet mine c'"
	for _, change := range []string{
		table,
		"nft add rule inet mine c accept",
		"nft flush chain inet mine c",
		"nft add element inet mine hosts '{ 10.0.0.1 }'",
		"nft 'chain inet mine b { type filter hook input priority 0; policy drop; }'",
		"nft delete table inet mine",
		table,
		"nft flush ruleset",
	} {
		ns.Sh(change)
		if !tells(change, 10*time.Second) {
			t.Errorf("%s: it tells nothing", change)
		}
	}
	others := "nft 'add table inet other; add chain inet other c; add rule inet other c accept; delete table inet other'"
	ns.Sh(others)
	if tells(others, 300*time.Millisecond) {
		t.Errorf("%s: it tells of that", others)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
