package overlayagent

import (
	"context"
	"errors"

	"rundock/internal/overlay"
	"rundock/internal/overlay/kernel"
	"rundock/supervisor/overlayhost"
)

// conflict returns an error that names what keeps this host from taking part,
// before anything is changed. A network that it has taken part in is kept
// going: what came in its way since, its status tells. It is not, as another network than
// it was, or with the VNI of another.
func (a *agent) conflict(ctx context.Context, known overlayhost.SavedState) error {
	n := a.Settings.Network
	joined, err := overlayhost.ReadJoined(n.Name)
	if changed := overlay.ChangedSettings(a.Settings, joined); err == nil && changed != (overlay.Fault{}) {
		return errors.New(changed.What + ": " + changed.Next)
	}
	if known.Subnet.IsValid() {
		return n.CheckVNI(a.others())
	}
	have, err := a.kernel.kernel.Read(n, known.Subnet)
	if err != nil {
		return err // a device of another program's
	}
	if err := overlay.CheckForeignDevices(have, n, a.Identity()); err != nil {
		return err
	}
	others := a.others()
	if err := errors.Join(n.CheckConflicts(others), a.Underlay.CheckConflicts(others)); err != nil {
		return err
	}
	if err := kernel.CheckConflicts(n, a.Underlay); err != nil {
		return err
	}
	if err := kernel.CheckKernel(n, a.Underlay); err != nil {
		return err
	}
	if err := a.docker.client.Ping(ctx); err != nil {
		a.log.Warn("whether docker has networks in the way is not known", "err", err)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, dockerTimeout)
	defer cancel()
	return a.docker.client.OverlayConflict(ctx, n.Name, n.CIDR, a.Underlay.Address)
}

// others are this host's other networks, as it is in them.
func (a *agent) others() []overlay.Network {
	names, err := overlayhost.Names(nil)
	if err != nil {
		a.log.Warn("the settings of other networks are not known", "err", err)
	}
	var all []overlay.Network
	for _, name := range names {
		s, err := overlayhost.ReadJoined(name)
		if err != nil {
			a.log.Warn("the settings of another network are not known", "err", err)
			continue
		}
		all = append(all, s.Network)
	}
	return all
}
