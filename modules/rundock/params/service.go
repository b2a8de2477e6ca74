package params

import (
	"fmt"

	"rundock/internal/spec"
	"rundock/internal/stack"
	"rundock/supervisor"
)

// Service is the service that p asks for. Values that are a default are left
// out, so that giving one or not makes no difference to the files. salt is the
// host's, for secrets.
func (p Params) Service(salt []byte) (supervisor.Service, error) {
	s := supervisor.Service{Version: supervisor.Version, Name: p.Name, Stack: p.Stack, Role: p.Role}
	if p.Slot != "" {
		var err error
		if s.Slot, err = stack.ParseSlot(p.Slot); err != nil {
			return s, err
		}
	}
	s.Log = supervisor.Log{Size: value(p.Log.Size), Keep: value(p.Log.Keep)}
	if p.Image != nil {
		c, err := p.container()
		if err != nil {
			return s, err
		}
		for _, share := range c.Shares() {
			if share.With == p.Name {
				return s, fmt.Errorf("the container would share the %s of %s, which is itself: name another container", share.What, p.Name)
			}
		}
		s.Container = c
		s.Container.Image = *p.Image
		s.Pull = unlessDefault(p.Pull, "always")
		s.StopTimeout = unlessDefault(p.StopTimeout, supervisor.DefaultStopTimeout)
		s.Mounts = p.Mounts
		s.Job, s.Attempts = p.Job, p.Attempts
		if p.Order == startFirst {
			s.StartFirst = max(1, p.WaitTimeout*4/5) // so that the call hears of it
		}
		for name, v := range p.EnvSecret {
			if _, ok := s.Container.Env[name]; ok {
				return s, fmt.Errorf("env_secret: %s is set as a plain variable as well", name)
			}
			if s.Secrets == nil {
				s.Secrets, s.Container.EnvSecrets = map[string]string{}, map[string]string{}
			}
			s.Secrets[name] = v
			s.Container.EnvSecrets[name] = supervisor.Digest(salt, p.Name, name, v)
		}
	}
	if list := p.announcements(); list != nil {
		for i, a := range list {
			if err := checkReachable(s.Container, a, p.announceLabel(i)); s.Runs() && err != nil {
				return s, err
			}
		}
		s.Announce = supervisor.Announce{
			Version: supervisor.Version, Service: p.Name, Colour: p.Colour, Container: s.Runs(), Drain: p.Drain, Aliases: p.Aliases, Announces: list,
		}
	}
	s = s.Complete()
	if s.StartFirst > 0 {
		return s, checkOrder(&s)
	}
	return s, nil
}

// container is the container that p's parameters and its args say together:
// in lists the parameters' entries come first.
func (p Params) container() (spec.Container, error) {
	var b spec.Builder
	if err := p.containerParams.set(&b); err != nil {
		return spec.Container{}, err
	}
	if p.Args != nil {
		if err := b.Args(*p.Args); err != nil {
			return spec.Container{}, err
		}
	}
	return b.Container()
}

// SaltedParameter names the parameter whose digests need the host's salt, "" for none.
func (p Params) SaltedParameter() (string, error) {
	if p.EnvSecret != nil {
		return "env_secret", nil
	}
	c, err := p.container()
	if err != nil || p.Image == nil || len(c.Files()) == 0 {
		return "", err
	}
	return c.Files()[0], nil
}
