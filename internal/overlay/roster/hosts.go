package roster

import "context"

// ListedHost is a host as the store lists it.
type ListedHost struct {
	Member
	Alive bool
}

// Hosts lists the hosts that have a subnet, this one as well, sorted by it:
// for people who look around.
func (r *Roster) Hosts(ctx context.Context) ([]ListedHost, error) {
	list, err := r.list(ctx, Prefix(r.Network.Name))
	if err != nil {
		return nil, err
	}
	b := r.book(list)
	var hosts []ListedHost
	for _, m := range b.members() {
		hosts = append(hosts, ListedHost{*m, b.alive[m.ID]})
	}
	return hosts, nil
}
