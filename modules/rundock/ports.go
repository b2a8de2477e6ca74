package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"rundock/internal/hostconfig"
	"rundock/internal/spec"
	"rundock/supervisor"
)

// startOrder returns, for each service of a call, which others have to be done
// before it: those that leave a port of the host to it. all has what each is
// to become, the zero where it is to go.
//
// It is an error if two are to publish the same port, of which each alone
// would be found free, and if services take over ports of each other: the old
// container of one would have to go before it is known whether the new one can
// be had.
func startOrder(tasks []*task, all []wanted) (after [][]int, problems []error) {
	vars := addresses(tasks[0].config)
	var has, gets []spec.Container
	for i, t := range tasks {
		var old supervisor.Service
		if runner, _ := supervisor.Installed(t.unit.Dir); runner != "" {
			old, _ = supervisor.ReadService(filepath.Join(runner, "service.json")) // what cannot be read leaves nothing
		}
		has = append(has, publishedContainer(old, vars))
		gets = append(gets, publishedContainer(all[i].service, vars))
	}
	after = make([][]int, len(tasks))
	for i := range tasks {
		for j := range tasks {
			if port, ok := spec.Collision(gets[j], gets[i]); ok && j < i {
				problems = append(problems, fmt.Errorf("services %s and %s both publish %s", tasks[j].p.Name, tasks[i].p.Name, port))
			}
			if _, ok := spec.Collision(has[j], gets[i]); ok && j != i {
				after[i] = append(after[i], j)
			}
		}
	}
	if circle := deadlocked(after); circle != nil && problems == nil {
		var names []string
		for _, i := range circle {
			names = append(names, tasks[i].p.Name)
		}
		problems = append(problems, fmt.Errorf("services %s take over ports of each other: let one of them leave its port in a call before this", strings.Join(names, ", ")))
	}
	return after, problems
}

// publishedContainer is the container of s with the host's addresses filled in; the
// zero if it publishes nothing.
func publishedContainer(s supervisor.Service, vars map[string]string) spec.Container {
	if s.Container.Network == "host" {
		return spec.Container{}
	}
	return s.Container.Expand(vars)
}

// addresses are the variables that ports can be published at.
func addresses(host hostconfig.Config) map[string]string {
	vars := map[string]string{}
	if a, err := host.PrivateAddress(); err == nil {
		vars["PRIVATE_IP"] = a.String()
	}
	if a, err := host.PublicAddress(); err == nil {
		vars["PUBLIC_IP"] = a.String()
	}
	return vars
}

// deadlocked returns those that would wait forever if each waits for those that after
// gives it: the members of circles, and whoever waits for one.
func deadlocked(after [][]int) (left []int) {
	done := make([]bool, len(after))
	for again := true; again; {
		again, left = false, nil
		for i, before := range after {
			ready := !done[i]
			for _, b := range before {
				ready = ready && done[b]
			}
			if ready {
				done[i], again = true, true
			} else if !done[i] {
				left = append(left, i)
			}
		}
	}
	return left
}
