package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/fstree"
	"rundock/internal/module"
	"rundock/internal/spec"
)

// read returns what the call asks for. many says that it has services, even
// if that is one.
func read(c ansible.Call) (list []params, many bool, err error) {
	var given struct {
		params
		Services []json.RawMessage `json:"services"`
	}
	if err := c.Decode(&given); err != nil {
		return nil, false, err
	}
	if given.Services == nil {
		p, err := given.params.read()
		return []params{p}, false, err
	}
	var problems []error
	names := map[string]int{}
	for i, raw := range given.Services {
		p := given.params
		p.Log.Size, p.Log.Keep = clone(p.Log.Size), clone(p.Log.Keep) // or it would be that of all
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, true, fmt.Errorf("services[%d]: %w", i, err)
		}
		p, err := p.read()
		if err != nil {
			problems = append(problems, fmt.Errorf("%w found in services[%d]", err, i))
		}
		if first, ok := names[p.Name]; ok {
			problems = append(problems, fmt.Errorf("value of services[%d].name must be another than that of services[%d], got: %s", i, first, p.Name))
		}
		names[p.Name] = i
		list = append(list, p)
	}
	if list == nil {
		return nil, true, errors.New("value of services must be one or more services, got none")
	}
	return list, true, joinErrors(problems)
}

// joinErrors is several errors as one, in one line; nil for none.
func joinErrors(problems []error) error {
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.Error())
	}
	if texts == nil {
		return nil
	}
	return errors.New(strings.Join(texts, "; "))
}

// concurrency is how many services of a call are worked on at once. Those that
// only wait for their container do not count.
const concurrency = 16

// callEach makes every service of list what it is to be. Nothing is done
// before all have been found right; after that, one that fails does not keep
// the others from being done.
func (h host) callEach(list []params, check, diff bool) ansible.Result {
	session := &control.Session{Program: h.program}
	defer session.Close()
	var together *fstree.Together
	if len(list) > 1 {
		together = new(fstree.Together)
	}
	var tasks []*task
	var problems []error
	var all []wanted
	for i, p := range list {
		t, err := h.task(p, check)
		if err != nil {
			return ansible.Result{Err: err} // of the host
		}
		t.session, t.together = session, together
		tasks = append(tasks, t)
		var w wanted // none where it is to go
		if p.installs() {
			if w, err = t.want(); err != nil {
				problems = append(problems, fmt.Errorf("%w found in services[%d]", err, i))
			}
		}
		all = append(all, w)
	}
	beside := map[string]spec.Container{}
	for i, t := range tasks {
		beside[t.p.Name] = all[i].service.Container
	}
	for i, t := range tasks {
		t.beside = beside
		if err := t.checkColour(all[i]); err != nil {
			problems = append(problems, fmt.Errorf("%w found in services[%d]", err, i))
		}
		if err := t.checkCircle(all[i], beside); err != nil {
			problems = append(problems, fmt.Errorf("%w found in services[%d]", err, i))
		}
	}
	after, more := startOrder(tasks, all)
	if err := joinErrors(append(problems, more...)); err != nil {
		return ansible.Result{Err: err}
	}
	results := make([]ansible.Result, len(tasks))
	done := make([]chan struct{}, len(tasks))
	for i := range done {
		done[i] = make(chan struct{})
	}
	slots := make(chan struct{}, concurrency)
	var running sync.WaitGroup
	for i, t := range tasks {
		running.Go(func() {
			defer close(done[i])
			t.follows = len(after[i]) > 0
			for _, before := range after[i] {
				<-done[before]
			}
			slots <- struct{}{}
			t.idle = sync.OnceFunc(func() { <-slots })
			defer t.idle()
			results[i] = t.run()
		})
	}
	running.Wait()
	return joinResults(list, results, diff)
}

// joinResults is one result of those of all services, each with its diff if that is
// wanted.
func joinResults(list []params, results []ansible.Result, diff bool) ansible.Result {
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
