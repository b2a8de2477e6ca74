package main

// followUnderlay takes in which MTU the underlay has now. An error says that
// the network's does not fit it. a.mu is held.
func (a *overlayAgent) followUnderlay() error {
	now, err := placeOverlay(a.settings)
	was := a.underlay.MTU
	if err != nil || now.underlay.Address != a.underlay.Address || now.underlay.MTU == was {
		return nil // an interface that is away has no MTU
	}
	a.underlay.MTU = now.underlay.MTU
	wanted, err := a.overlayPlace.wanted(knownOf(a.wanted))
	if err != nil {
		a.underlay.MTU = was // so that it is said again
		return err
	}
	a.log.Warn("the underlay has another MTU", "interface", a.underlay.Interface, "was", was, "is", a.underlay.MTU, "network", wanted.State().Bridge.MTU)
	a.wanted, a.right = wanted, false
	return nil
}
