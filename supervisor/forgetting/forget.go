package forgetting

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"rundock/internal/overlay/roster"
	"rundock/internal/pause"
	"rundock/internal/registry"
	"rundock/supervisor/overlayctl"
)

// forgetting is one call, for one store.
type forgetting struct {
	store        registry.Store
	host         string // name, or machine id
	check, force bool
	own          bool   // store is this host's own: others have records alone
	in           string // which store it is, for people; "" where there is but one

	out, remarks io.Writer
}

// run frees what is left of the host, and says each in a line. A refusal has changed
// nothing.
func (f forgetting) run(ctx context.Context) error {
	found, known, err := f.wait(ctx)
	if err != nil {
		return err
	}
	if len(found) == 0 && f.own {
		fmt.Fprintf(f.remarks, "the store has nothing of %s; hosts of which it has: %s\n", f.host, strings.Join(known, ", "))
	}
	for _, r := range found {
		if err := f.free(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// wait returns what is left of the host once none of it is under a lease, or at once
// with force. A lease that is renewed, or outlives twice the time that it had, is that of
// a host that lives.
func (f forgetting) wait(ctx context.Context) (found []remnant, known []string, err error) {
	var deadline time.Time
	left := map[string]time.Duration{}
	for {
		keys, err := list(ctx, f.store)
		if err != nil {
			return nil, nil, err
		}
		found, known = remnantsOf(f.host, keys)
		leased := held(found)
		if len(leased) == 0 || f.force {
			return found, known, nil
		}
		longest := time.Duration(0)
		for _, r := range leased {
			now, err := f.store.Left(ctx, r.Lease)
			if err != nil {
				return nil, nil, err
			}
			if before, ok := left[r.Lease]; ok && now > before {
				return nil, nil, f.lives(leased)
			}
			left[r.Lease], longest = now, max(longest, now)
		}
		if deadline.IsZero() {
			deadline = time.Now().Add(2*longest + 2*time.Second)
		}
		if time.Now().After(deadline) {
			return nil, nil, f.lives(leased)
		}
		if err := pause.For(ctx, lookAgain); err != nil {
			return nil, nil, err
		}
	}
}

func (f forgetting) lives(leased []remnant) error {
	return refusal(fmt.Sprintf("%s lives, as it renews what it holds in the store%s: %s; stop it, or have it leave by itself (playbooks/remove-host.yml)", f.host, f.in, words(leased)))
}

// free takes one key away.
func (f forgetting) free(ctx context.Context, r remnant) error {
	if f.check {
		fmt.Fprintf(f.out, "%s of %s would be free%s\n", r.what, r.host, f.in)
		return nil
	}
	if r.network != "" {
		return f.freeSubnet(ctx, r)
	}
	// Nobody else writes it while the host is gone; one that has changed meanwhile is no remnant.
	done, err := f.store.Swap(ctx, registry.Swap{Key: r.Key, Old: r.Value})
	if err != nil {
		return fmt.Errorf("free the %s: %w", r.what, err)
	}
	if !done {
		return fmt.Errorf("free the %s: %s has just changed: does %s live? Try again", r.what, r.Key, r.host)
	}
	fmt.Fprintf(f.out, "%s of %s is free%s\n", r.what, r.host, f.in)
	return nil
}

// freeSubnet gives a subnet back, and says so itself.
func (f forgetting) freeSubnet(ctx context.Context, r remnant) error {
	parts := strings.Split(r.Key, "/")
	_, dissolved, err := overlayctl.Forget(ctx, f.store, r.network, roster.SubnetOf(parts[len(parts)-1]))
	if err != nil {
		return fmt.Errorf("free the %s: %w", r.what, err)
	}
	fmt.Fprintf(f.out, "%s of %s is free%s\n", r.what, r.host, f.in)
	if dissolved {
		fmt.Fprintf(f.out, "network %s has no host any more, and its settings are free as well\n", r.network)
	}
	return nil
}
