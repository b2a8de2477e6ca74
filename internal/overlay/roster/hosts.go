package roster

import "context"

// Standing is a host as the registry lists it.
type Standing struct {
	Member
	Alive bool
}

// Hosts lists the hosts that have a subnet, this one as well, sorted by it:
// for people who look around.
func (r *Roster) Hosts(ctx context.Context) ([]Standing, error) {
	list, err := r.list(ctx, Prefix(r.Network.Name))
	if err != nil {
		return nil, err
	}
	b := r.book(list)
	var hosts []Standing
	for _, m := range b.members() {
		hosts = append(hosts, Standing{*m, b.alive[m.ID]})
	}
	return hosts, nil
}
