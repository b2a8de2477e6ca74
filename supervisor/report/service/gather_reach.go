package service

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"rundock/internal/overlay"
	"rundock/internal/registry"
	"rundock/internal/skydns"
	"rundock/supervisor/report"
	"rundock/supervisor/report/network"
)

// othersAsked is how many other instances are asked at most.
const othersAsked = 16

// lookAtNetworks fills in how the overlay networks of this host stand that the
// containers are in.
func (g *gatherer) lookAtNetworks(services []serviceFacts) {
	var names []string
	for _, s := range services {
		for name := range s.Container.Addresses {
			if !slices.Contains(names, name) && report.Exists(filepath.Join(overlay.SettingsDir, name+".json")) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	found := network.Look(names)
	for i := range services {
		for _, n := range found {
			if _, in := services[i].Container.Addresses[n.Name]; in {
				services[i].Networks = append(services[i].Networks, n)
			}
		}
	}
}

// askOthers connects to the other instances of the service, of those that were listed.
func (g *gatherer) askOthers(ctx context.Context, s *serviceFacts, listed []registry.Listed) {
	if len(s.SidecarStatus.Records) == 0 {
		return
	}
	own := s.SidecarStatus.Records[0]
	prefix := path.Dir(own.Key) + "/"
	for _, l := range listed {
		name := strings.TrimPrefix(l.Key, prefix)
		record, err := skydns.Parse(l.Value)
		if err == nil && record.At != "" && s.Stack == "" {
			s.Namesake = s.SidecarStatus.Of()
		}
		if l.Key == own.Key || strings.Contains(name, "/") || err != nil || len(s.Others) == othersAsked {
			continue
		}
		if _, err := netip.ParseAddr(record.Host); err == nil && record.Port > 0 {
			s.Others = append(s.Others, otherFacts{Name: name, At: net.JoinHostPort(record.Host, strconv.Itoa(record.Port))})
		}
	}
	var asking sync.WaitGroup
	for i := range s.Others {
		asking.Go(func() { s.Others[i].Failure = silenceAt(ctx, s.Others[i].At) })
	}
	asking.Wait()
}

// silenceAt is why nothing answers at an address; "" where something does.
func silenceAt(ctx context.Context, at string) string {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", at)
	switch {
	case err == nil:
		c.Close()
		return ""
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return "" // its host is there
	case errors.Is(err, os.ErrDeadlineExceeded), ctx.Err() != nil:
		return "no answer within " + report.Patience.String()
	}
	return report.Reason(err)
}
