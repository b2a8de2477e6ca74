package params

import (
	"errors"

	"rundock/supervisor"
)

// startFirst is a value of order.
const startFirst = "start-first"

// checkOrder refuses to start a container of s beside another where there can be only one. What
// instances of a stack's service may write to together, its compose file says.
func checkOrder(s *supervisor.Service) error {
	why := s.Container.Exclusive()
	if path := s.Container.Writes(); path != "" && s.Stack == "" {
		why = "both would write to its volume " + path
	}
	for i := range s.Announce.Announces {
		if check := s.Announce.Announces[i].Check; check != nil && check.Type == "exec" {
			why = "a command checks it"
		}
	}
	if s.Job {
		why = "it is a job"
	}
	if why == "" {
		return nil
	}
	return errors.New("value of order must be stop-first, as two containers cannot run at once: " + why)
}
