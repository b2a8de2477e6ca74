package supervisor

import (
	"slices"
	"strconv"
)

// Complete returns s with what its stack and its announcements ask of its
// container: the labels of a slot (LabelStack); each
// port announced at an address of the host is published there, unless it is
// already or the container shares the host's network; $ANNOUNCE_IP becomes
// the variable of the first announcement's address. Of several networks, the
// first is the one whose address is announced. Complete(Complete(s)) is
// Complete(s). Only a complete service has the hash that its container gets.
func (s Service) Complete() Service {
	if !s.Runs() {
		return s
	}
	address := hostVariable("private")
	if s.Announced() {
		address = hostVariable(s.Announce.Announces[0].As)
	}
	c := s.labelled(s.Container.Expand(map[string]string{"ANNOUNCE_IP": address}))
	s.Announce.Announces = slices.Clone(s.Announce.Announces)
	for i, a := range s.Announce.Announces {
		if joined := c.Joined(); a.As == "container" && a.Network == "" && joined != nil {
			s.Announce.Announces[i].Network = c.Network
		}
		if a.As == "container" || a.Port == 0 || c.Network == "host" {
			continue
		}
		if _, ok := c.Published(a.As, a.Port, a.Protocol); ok {
			continue
		}
		inside := a.ContainerPort
		if inside == 0 {
			inside = a.Port
		}
		published := hostVariable(a.As) + ":" + strconv.Itoa(a.Port) + ":" + strconv.Itoa(inside)
		if a.Protocol == "udp" {
			published += "/udp"
		}
		c.Ports = append(c.Ports, published)
	}
	s.Container = c
	return s
}

// hostVariable is the variable whose value is the address that as means.
func hostVariable(as string) string {
	if as == "public" {
		return "$PUBLIC_IP"
	}
	return "$PRIVATE_IP"
}
