package call

import (
	"fmt"
	"maps"
	"strings"
	"sync"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/runit"
	"rundock/internal/spec"
	"rundock/modules/rundock/params"
	"rundock/modules/rundock/plan"
	"rundock/modules/rundock/task"
)

// concurrency is how many services of a call are worked on at once. Those that
// only wait for their container do not count.
const concurrency = 16

// each makes every service of list what it is to be. Nothing is done
// before all have been found right; after that, one that fails does not keep
// the others from being done.
func each(h task.Host, list []params.Params, check, diff bool) ansible.Result {
	session := &control.Session{Program: h.Program}
	defer session.Close()
	all, after, err := newTasks(h, list, check, session)
	if err != nil {
		return ansible.Result{Err: err}
	}
	results := make([]ansible.Result, len(all))
	done := make([]chan struct{}, len(all))
	for i := range done {
		done[i] = make(chan struct{})
	}
	slots := make(chan struct{}, concurrency)
	var running sync.WaitGroup
	for i, t := range all {
		running.Go(func() {
			defer close(done[i])
			t.Follows = len(after[i]) > 0
			for _, before := range after[i] {
				<-done[before]
			}
			slots <- struct{}{}
			t.Idle = sync.OnceFunc(func() { <-slots })
			defer t.Idle()
			results[i] = t.Run()
		})
	}
	running.Wait()
	return joinResults(list, results, diff)
}

// newTasks are those of a call, one for each service of list, with those that each of
// them comes after. The error names all that is wrong with any.
func newTasks(h task.Host, list []params.Params, check bool, session *control.Session) (tasks []*task.Task, after [][]int, err error) {
	var together *fstree.Together
	var enabling *runit.Together
	if len(list) > 1 {
		together, enabling = new(fstree.Together), new(runit.Together)
	}
	var problems []error
	var all []plan.Wanted
	for i, p := range list {
		t, err := task.New(h, p, check, session)
		if err != nil {
			return nil, nil, err // of the host
		}
		t.Together, t.Enabling = together, enabling
		tasks = append(tasks, t)
		var w plan.Wanted // none where it is to go
		if p.Installs() {
			if w, err = t.Want(); err != nil {
				problems = append(problems, fmt.Errorf("%w found in services[%d]", err, i))
			}
		}
		all = append(all, w)
	}
	beside := map[string]spec.Container{}
	for i, t := range tasks {
		beside[t.Params.Name] = all[i].Service.Container
	}
	for i, t := range tasks {
		t.Containers = beside
		for _, judge := range []func(plan.Wanted) error{t.CheckColour, t.CheckNamesake, t.CheckCircle} {
			if err := judge(all[i]); err != nil {
				problems = append(problems, fmt.Errorf("%w found in services[%d]", err, i))
			}
		}
	}
	after, more := startOrder(tasks, all)
	return tasks, after, params.JoinErrors(append(problems, more...))
}

// joinResults is one result of those of all services, each with its diff if that is
// wanted.
func joinResults(list []params.Params, results []ansible.Result, diff bool) ansible.Result {
	var sum ansible.Result
	var each []map[string]any
	var changed, failed []string
	for i, r := range results {
		name := list[i].Name
		one := map[string]any{"name": name, "changed": r.Changed, "failed": r.Err != nil, "msg": r.Msg}
		if diff {
			one["diff"] = append([]fstree.Diff{}, r.Diff...)
		}
		if r.Err != nil {
			one["msg"] = r.Err.Error()
			failed = append(failed, name+": "+strings.TrimPrefix(r.Err.Error(), name+": "))
		}
		if r.Changed {
			changed = append(changed, name)
		}
		maps.Copy(one, r.Values)
		each = append(each, one)
		sum.Diff = append(sum.Diff, r.Diff...)
		for _, w := range r.Warnings {
			sum.Warnings = append(sum.Warnings, name+": "+w)
		}
	}
	sum.Changed = changed != nil
	sum.Msg = fmt.Sprintf("%d services, %s", len(list), module.Choose(sum.Changed, "changed: "+strings.Join(changed, ", "), "nothing to do"))
	if failed != nil {
		sum.Err = fmt.Errorf("%d of %d services failed: %s", len(failed), len(list), strings.Join(failed, "; "))
	}
	sum.Values = map[string]any{"results": each}
	return sum
}
