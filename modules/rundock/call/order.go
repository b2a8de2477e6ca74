package call

import (
	"fmt"
	"strings"

	"rundock/internal/spec"
	"rundock/modules/rundock/plan"
	"rundock/modules/rundock/task"
)

// startOrder returns, for each service of a call, which others have to be done
// before it: those that leave a port of the host to it. all has what each is
// to become, the zero where it is to go.
//
// It is an error if two are to publish the same port, of which each alone
// would be found free, and if services take over ports of each other: the old
// container of one would have to go before it is known whether the new one can
// be had.
func startOrder(tasks []*task.Task, all []plan.Wanted) (after [][]int, problems []error) {
	addresses := tasks[0].Addresses()
	var has, gets []spec.Container
	for i, t := range tasks {
		old, next := t.Published(all[i], addresses)
		has, gets = append(has, old), append(gets, next)
	}
	after = make([][]int, len(tasks))
	for i := range tasks {
		for j := range tasks {
			if port, ok := spec.Collision(gets[j], gets[i]); ok && j < i {
				problems = append(problems, fmt.Errorf("services %s and %s both publish %s", tasks[j].Params.Name, tasks[i].Params.Name, port))
			}
			if _, ok := spec.Collision(has[j], gets[i]); ok && j != i {
				after[i] = append(after[i], j)
			}
		}
	}
	if circle := deadlocked(after); circle != nil && problems == nil {
		var names []string
		for _, i := range circle {
			names = append(names, tasks[i].Params.Name)
		}
		problems = append(problems, fmt.Errorf("services %s take over ports of each other: let one of them leave its port in a call before this", strings.Join(names, ", ")))
	}
	return after, problems
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
