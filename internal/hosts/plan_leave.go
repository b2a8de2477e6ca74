package hosts

import (
	"fmt"
	"slices"
	"strings"

	"rundock/internal/control"
	"rundock/internal/hostconfig"
)

// PlanLeave returns the steps by which a machine is no rundock host any more; none
// where nothing remains. It refuses while modules have something there, and where the
// site's authority is, unless forced: that stays in any case. Forced, it asks no store,
// which may be away: another host has that forget this one.
//
// What leads to a process goes before it: the load balancer before the store, and
// resolv.conf before dnsd. What all others need is last.
func PlanLeave(r Remains, force bool) (p Plan, err error) {
	if len(r.Installed) > 0 {
		return p, fmt.Errorf("the host still has %s: take services away by rundock, and overlay networks by rundock_overlay, with state=absent (playbooks/remove-host.yml does)", strings.Join(r.Installed, ", "))
	}
	if r.Authority && !force {
		return p, fmt.Errorf("the site's authority is here, %s: move it to the first host of rundock_etcd that stays, or say force, and it is left where it is", hostconfig.AuthorityDir)
	}
	first, last := []string{control.BalanceService, "haproxy", "registry", "rundock-render"}, []string{"dnsd", "consul", control.StoreService}
	var others []string
	for _, s := range r.Services {
		if !slices.Contains(first, s) && !slices.Contains(last, s) {
			others = append(others, s)
		}
	}
	for _, s := range slices.Concat(first, others) {
		p.end(r, s)
	}
	if r.Balances && !force {
		p.add(LeaveBalancers, "", "switches wait for it", "load balancer taken out")
	}
	if r.Filters {
		p.add(LeaveFilter, "", "its service, which would put it again, is gone", "packet filter removed")
	}
	if r.Resolver {
		p.add(Restore, "", "dnsd goes", "resolv.conf is that of before rundock")
	}
	for _, s := range last {
		p.end(r, s)
		if s == "dnsd" && r.Store && slices.Contains(r.Services, s) {
			p.add(StopStore, "", "dnsd runs it", "etcd stopped")
		}
	}
	if slices.Contains(r.Services, "dnsd") && !slices.Contains(r.Paths, snapshotDir) {
		p.add(Delete, snapshotDir, "dnsd writes it when it ends", snapshotDir+" removed")
	}
	if len(r.ImageRegistries) > 0 {
		p.add(ForgetImages, strings.Join(r.ImageRegistries, " "), "it is a user of theirs", "user of the image registry removed")
	}
	for _, path := range r.Paths {
		p.add(Delete, path, "it is rundock's", path+" removed")
	}
	return p, nil
}

func (p *Plan) end(r Remains, service string) {
	if slices.Contains(r.Services, service) {
		p.add(End, service, "it is rundock's", "service "+service+" removed")
	}
}

// Stays are what PlanLeave leaves, for people.
func (r Remains) Stays() []string {
	stays := []string{"Debian packages, Docker with its images and named volumes, daemon.json", "logs in /var/log", "files that templates made"}
	if r.Store {
		stays = append(stays, "data and backups of etcd, "+etcdDir)
	}
	if slices.Contains(r.Services, "registry") {
		stays = append(stays, "images of the image registry, /var/lib/docker-registry")
	}
	if r.Authority {
		stays = append(stays, "the site's authority, "+hostconfig.AuthorityDir)
	}
	return stays
}
