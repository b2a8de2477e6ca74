// Package params is what a call of rundock_overlay takes, as ansible-doc shows it, and the
// settings of the network that it asks for.
package params

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"rundock/internal/ansible"
	"rundock/internal/overlay"
)

// Spec is what the module takes, as ansible-doc shows it: after a
// change, go test .. -run TestDocs -update.
var Spec = ansible.Spec{
	Module: "rundock_overlay",
	Root:   true,
	Short:  "Join a plain Docker host to a network of containers that spans hosts",
	Description: []string{
		"Makes this host's part of a routed VXLAN network, and a Docker network of the same name over it, to which C(docker run --network) and the I(networks) of the module rundock attach containers. They reach those of all other hosts of the network, at their own addresses.",
		"An agent, C(rundockd overlay run) under runit, takes a part of the network for this host, follows the other hosts, and puts right what others change.",
		"A second call changes nothing and executes nothing. Check mode reports what the call would do, kernel and firewall as C(ip), C(bridge) and C(nft) commands.",
		"I(state=present) needs I(cidr) and I(vni); I(state=absent) needs I(name) and ignores the rest but I(force) and I(wait_timeout).",
	},
	Requirements: []string{"Docker, runit and rundockd on the host, as C(playbooks/site.yml) installs them; no Python", "A kernel with VXLAN, bridges and nftables"},
	Examples:     examples,
	Returns:      returned,
	Params: []ansible.Param{
		{Name: "name", Required: true, Description: []string{
			"Name of the network, in Docker as well: 1 to 32 of C(a-z 0-9 _ -), the first a letter; C(bridge), C(default), C(host) and C(none) are Docker's own.",
		}},
		{Name: "state", Default: "present", Choices: []string{"present", "absent"}, Description: []string{
			"C(present): this host takes part, now and after a boot.",
			"C(absent): it does not, nothing of the network is left but the agent's log, and its subnet is free for others. Refused while containers are attached, unless I(force).",
		}},
		{Name: "cidr", Description: []string{
			"IPv4 network that is divided among the hosts, such as C(10.42.0.0/16). It must overlap nothing that the host has an address in or a route to.",
		}},
		{Name: "subnet_length", Type: ansible.Int, Default: 24, Description: []string{
			"Prefix length of one host's part.",
		}},
		{Name: "vni", Type: ansible.Int, Description: []string{
			"VXLAN network identifier, 1 to 16777215, the same on all hosts and for no other network. The devices are named after it: C(ovl7) and C(vx7).",
		}},
		{Name: "underlay", Description: []string{
			"Interface, or an address of this host, by which the other hosts reach it; the private interface unless given. IPv6 works as well.",
		}},
		{Name: "mtu", Number: true, Default: "auto", Description: []string{
			"MTU inside the network; C(auto) is what the underlay leaves: 50 bytes less, or 70 over IPv6.",
		}},
		{Name: "port", Type: ansible.Int, Default: overlay.DefaultPort, Description: []string{
			"UDP port of the underlay, the same on all hosts.",
		}},
		{Name: "encryption", Default: "none", Choices: []string{"none", "required"}, Description: []string{
			"C(required) is refused by this release, with what the kernel lacks for it: nothing is sent in clear that should not be.",
		}},
		{Name: "internal", Type: ansible.Bool, Default: false, Description: []string{
			"Containers reach each other, on all hosts, and their own host, whose DNS they ask; nothing else, and nobody else reaches them. The same on all hosts.",
		}},
		{Name: "domains", Type: ansible.List, Elements: ansible.Str, Description: []string{
			"Domains of dnsd in which it looks, in this order, for names that containers of the network ask this host's dnsd for and that are in none of its zones, such as C(web): C(shop.s.prod.example.com).",
		}},
		{Name: "peers", Type: ansible.List, Elements: ansible.Dict, Description: []string{
			"All hosts of the network, this one as well, where there is no store to tell them of each other.",
		}, Options: []ansible.Param{
			{Name: "subnet", Required: true, Description: []string{"The host's part of I(cidr)."}},
			{Name: "underlay", Required: true, Description: []string{"Address at which the other hosts reach it."}},
		}},
		{Name: "force", Type: ansible.Bool, Default: false, Description: []string{
			"With I(state=absent): take containers off the network, and go on where the store cannot be reached; then the subnet stays taken until a further call with C(state=absent) reaches it.",
		}},
		{Name: "wait_timeout", Type: ansible.Int, Default: 60, Description: []string{
			"Seconds to wait until the network is up and other hosts are told so; also for another call at a network of this host.",
		}},
	},
	Rules: ansible.Rules{
		RequiredIf: []ansible.RequiredIf{{Param: "state", Value: "present", Params: []string{"cidr", "vni"}}},
	},
}

// Params are the parameters as given; nil means not given.
type Params struct {
	Name         string  `json:"name"`
	State        string  `json:"state"`
	CIDR         string  `json:"cidr"`
	SubnetLength int     `json:"subnet_length"`
	VNI          int     `json:"vni"`
	Underlay     *string `json:"underlay"`
	MTU          string  `json:"mtu"`
	Port         int     `json:"port"`
	Encryption   string  `json:"encryption"`
	Peers        []struct {
		Subnet   string `json:"subnet"`
		Underlay string `json:"underlay"`
	} `json:"peers"`
	Internal    bool     `json:"internal"`
	Domains     []string `json:"domains"`
	Force       bool     `json:"force"`
	WaitTimeout int      `json:"wait_timeout"`
}

func (p Params) Patience() time.Duration { return time.Duration(p.WaitTimeout) * time.Second }

const day = 24 * 60 * 60

// Settings are what p asks for, and right as far as can be said without
// looking at the host. Values that are a default are left out, so that giving
// one or not makes no difference to the file.
func (p Params) Settings() (overlay.Settings, error) {
	s := overlay.Settings{Version: overlay.SettingsVersion, Network: overlay.Network{Name: p.Name}}
	if !overlay.IsName(p.Name) {
		return s, fmt.Errorf("value of name must be 1 to 32 of a-z, 0-9, - and _, the first a letter, got: %q", p.Name)
	}
	if err := ansible.Between("wait_timeout", p.WaitTimeout, 1, day); err != nil {
		return s, err
	}
	if err := ansible.Between("port", p.Port, 1, 65535); err != nil {
		return s, err
	}
	if p.State == "absent" {
		return s, nil
	}
	var err error
	if s.CIDR, err = netip.ParsePrefix(p.CIDR); err != nil {
		return s, fmt.Errorf("value of cidr must be a network such as 10.42.0.0/16, got: %q", p.CIDR)
	}
	if err := ansible.Between("vni", p.VNI, 1, 1<<24-1); err != nil {
		return s, err
	}
	s.VNI, s.SubnetLength, s.Internal, s.Domains = uint32(p.VNI), p.SubnetLength, p.Internal, p.Domains
	if p.MTU != "auto" {
		if s.MTU, err = strconv.Atoi(p.MTU); err != nil || s.MTU == 0 {
			return s, fmt.Errorf("value of mtu must be auto or a number of bytes, got: %q", p.MTU)
		}
	}
	if p.Port != overlay.DefaultPort {
		s.Port = uint16(p.Port)
	}
	if p.Underlay != nil {
		s.Underlay = *p.Underlay
	}
	for _, given := range p.Peers {
		peer := overlay.StaticPeer{}
		if peer.Subnet, err = netip.ParsePrefix(given.Subnet); err != nil {
			return s, fmt.Errorf("value of peers.subnet must be a network such as 10.42.1.0/24, got: %q", given.Subnet)
		}
		if peer.Underlay, err = netip.ParseAddr(given.Underlay); err != nil {
			return s, fmt.Errorf("value of peers.underlay must be an address, got: %q", given.Underlay)
		}
		s.Peers = append(s.Peers, peer)
	}
	if err := s.Check(); err != nil {
		return s, err
	}
	if p.Encryption != "none" {
		s.Encryption = p.Encryption // which rundockd refuses, and says why
	}
	return s, nil
}
