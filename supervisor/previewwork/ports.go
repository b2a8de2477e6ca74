package previewwork

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"

	"rundock/internal/stack"
)

// ports are those of the host that previews' services take requests on.
type ports struct {
	first, last int
	address     string // of the host, on which they are

	mu     sync.Mutex
	given  map[int]string // to a service of a stack, by this process
	listen func(address string, port int) error
}

func newPorts(first, last int, address string) *ports {
	return &ports{first: first, last: last, address: address, given: map[int]string{}, listen: tryListen}
}

// tryListen says why nothing can listen on a port.
func tryListen(address string, port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err == nil {
		err = l.Close()
	}
	return err
}

// forService returns the port of a service: the one that it has in before, a release's model, or one
// that is free. taken are those that services of the host have.
func (p *ports) forService(before *stack.Stack, stackName, service string, inner int, taken map[int]bool) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	owner := ownerOf(stackName, service, inner)
	if before != nil {
		for _, had := range before.Services[service].Ports {
			if had.Container == inner && had.First >= p.first && had.First <= p.last {
				p.given[had.First] = owner
				return had.First, nil
			}
		}
	}
	for number, to := range p.given {
		if to == owner {
			return number, nil
		}
	}
	for number := p.first; number <= p.last; number++ {
		if p.given[number] != "" || taken[number] || p.listen(p.address, number) != nil {
			continue
		}
		p.given[number] = owner
		return number, nil
	}
	return 0, fmt.Errorf("all ports from %d to %d are taken", p.first, p.last)
}

// ownerOf is a service of a stack and a port of its own, as whom ports are given to.
func ownerOf(stackName, service string, inner int) string {
	return fmt.Sprintf("%s %s:%d", stackName, service, inner)
}

// keep forgets the ports of a stack's services but those that it has now.
func (p *ports) keep(stackName string, now stack.Stack) {
	p.mu.Lock()
	defer p.mu.Unlock()
	has := map[string]bool{}
	for service, def := range now.Services {
		for _, port := range def.Ports {
			has[ownerOf(stackName, service, port.Container)] = true
		}
	}
	for number, owner := range p.given {
		if strings.HasPrefix(owner, stackName+" ") && !has[owner] {
			delete(p.given, number)
		}
	}
}
