package servicecontainer

import (
	"rundock/internal/container"
	"rundock/supervisor"
)

// Options are what a container of s is created with besides its spec.
func Options(s supervisor.Service, from container.Origins) container.Options {
	return container.Options{
		Service:     s.Name,
		Hash:        s.Container.Hash(),
		Origins:     from,
		Image:       s.Pin,
		StopTimeout: StopTimeout(s),
	}
}

func StopTimeout(s supervisor.Service) int {
	if s.StopTimeout == 0 {
		return supervisor.DefaultStopTimeout
	}
	return s.StopTimeout
}
