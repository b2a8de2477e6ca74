package roster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rundock/internal/overlay"
	"rundock/internal/registry"
)

// configValue is the value of the key config.
type configValue struct {
	overlay.Network
	By string `json:"by"` // host that wrote it
}

// Agree makes this host's configuration the network's, if it is the first,
// and returns a *Disagreement if the network has another.
func (r *Roster) Agree(ctx context.Context) error {
	ours, err := json.Marshal(configValue{r.Network, r.Self.Host})
	if err != nil {
		return err
	}
	for {
		list, err := r.list(ctx, r.configKey())
		if err != nil {
			return err
		}
		found, err := r.checkConfig(list)
		var d *Disagreement
		if errors.As(err, &d) {
			all, err := r.list(ctx, Prefix(r.Network.Name))
			if err != nil {
				return err
			}
			d.In = entriesOf(r.Network.Name, all)
			return d
		}
		if found || err != nil {
			return err
		}
		made, err := r.Client.Swap(ctx, registry.Swap{Key: r.configKey(), New: ours})
		if err != nil || made {
			return err
		}
	}
}

// CanJoin returns what Agree or Reserve would refuse, as refused, or why that
// cannot be found out. It writes nothing.
func (r *Roster) CanJoin(ctx context.Context) (refused, err error) {
	list, err := r.list(ctx, Prefix(r.Network.Name))
	if err != nil {
		return nil, err
	}
	if _, err := r.checkConfig(list); err != nil {
		var d *Disagreement
		if errors.As(err, &d) {
			d.In = entriesOf(r.Network.Name, list)
		}
		return err, nil
	}
	_, _, refused = r.choose(r.book(list), netip.Prefix{})
	return refused, nil
}

// checkConfig reports whether list has the network's configuration, and returns a
// *Disagreement, without In, if it is not this host's.
func (r *Roster) checkConfig(list []registry.Change) (found bool, err error) {
	i := slices.IndexFunc(list, func(c registry.Change) bool { return c.Key == r.configKey() })
	if i < 0 {
		return false, nil
	}
	var theirs configValue
	if err := json.Unmarshal(list[i].Value, &theirs); err != nil {
		return true, fmt.Errorf("network %s: %s in the store is no configuration: %w", r.Network.Name, r.configKey(), err)
	}
	ours, is := r.Network, theirs.Network
	ours.Port, is.Port = ours.UDPPort(), is.UDPPort()
	if ours == is {
		return true, nil
	}
	return true, &Disagreement{Ours: r.Network, Theirs: theirs.Network, Host: r.Self.Host, By: theirs.By}
}

// Disagreement is of two hosts about one network.
type Disagreement struct {
	Ours, Theirs overlay.Network
	Host, By     string  // whose Ours and Theirs are
	In           []Entry // who keeps the network as Theirs
}

func (d *Disagreement) Error() string {
	by := d.By
	if !slices.ContainsFunc(d.In, func(e Entry) bool { return e.Host == d.By }) {
		by += ", which has left"
	}
	var fields []string
	differ := func(name string, ours, theirs any) {
		if ours != theirs {
			fields = append(fields, fmt.Sprintf("%s is %v here (%s) and %v in the store (from %s)", name, ours, d.Host, theirs, by))
		}
	}
	differ("cidr", d.Ours.CIDR, d.Theirs.CIDR)
	differ("subnet_length", d.Ours.SubnetLength, d.Theirs.SubnetLength)
	differ("vni", d.Ours.VNI, d.Theirs.VNI)
	differ("mtu", d.Ours.MTUText(), d.Theirs.MTUText())
	differ("port", d.Ours.UDPPort(), d.Theirs.UDPPort())
	differ("internal", d.Ours.Internal, d.Theirs.Internal)
	return fmt.Sprintf("network %s: %s; %s", d.Ours.Name, strings.Join(fields, "; "), d.members())
}

// members says who is in the network, and how to be rid of who is not there
// any more.
func (d *Disagreement) members() string {
	const few = 3
	forget := "rundockd overlay forget " + d.Ours.Name
	var alive, gone []string
	for _, e := range d.In {
		if e.Alive {
			alive = append(alive, e.Host)
		} else {
			gone = append(gone, fmt.Sprintf("%s was last seen %s: if it is gone for good, %s %s", e.Host, e.Seen.Format(time.RFC3339), forget, e.Host))
		}
	}
	switch {
	case len(d.In) == 0:
		return "no host is in it: " + forget + " frees it"
	case len(alive) > few:
		alive = append(alive[:few], fmt.Sprintf("%d more", len(alive)-few))
	}
	if len(gone) > few {
		gone = append(gone[:few], fmt.Sprintf("so are %d more", len(gone)-few))
	}
	if len(alive) > 0 {
		gone = append([]string{"in it: " + strings.Join(alive, ", ")}, gone...)
	}
	return strings.Join(gone, "; ")
}
