package stacking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rundock/internal/control"
	"rundock/internal/stack"
	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
	"rundock/supervisor"
)

// worker makes of waves what hosts do.
type worker struct {
	*site
	ctx      context.Context
	from     *release.Release
	to       release.Release
	networks map[string]network.Claim // that stacks have, by name
	timeout  int
	contents map[string][]byte       // of configs by hash
	secret   bool                    // a file is a secret
	others   map[string]release.View // other stacks, as far as they were asked for
	lost     []string                // hosts that are given up: nothing is done there
}

// answerWaves puts waves into an answer, of which the first has the number first, as
// releases count; 0: these are not counted.
func (s *site) answerWaves(ctx context.Context, q control.StackRequest, a *control.StackAnswer, from *release.Release, to release.Release, waves []release.Wave, first int) (err error) {
	ledger, err := network.Read(ctx, s.store)
	if err != nil {
		return err
	}
	w := &worker{site: s, ctx: ctx, from: from, to: to, networks: ledger.Networks, timeout: q.Timeout, contents: map[string][]byte{}, others: map[string]release.View{}, lost: slices.Concat(q.Lost, to.Lost)}
	if a.Waves, err = w.works(waves, first); err != nil {
		return err
	}
	a.Secret = w.secret
	leaves, stays := from, &to
	if a.Settle == control.StackUndone {
		leaves, stays = &to, from
	}
	if last := w.stale(leaves, stays); len(last.Hosts) > 0 {
		a.Waves = append(a.Waves, last)
	}
	return nil
}

// works are waves of which the first is the number first as releases count; 0 where
// they are not counted.
func (w *worker) works(waves []release.Wave, first int) (all []control.StackWork, err error) {
	for n, wave := range waves {
		work := control.StackWork{Title: wave.Title, Pause: seconds(wave.Pause), Hosts: map[string]control.StackHostWork{}}
		if first > 0 {
			work.Number = first + n
		}
		for _, step := range wave.Steps {
			if err := w.add(&work, step); err != nil {
				return nil, fmt.Errorf("%s: %w", step, err)
			}
		}
		all = append(all, work)
	}
	return all, nil
}

// add adds a step to a wave.
func (w *worker) add(work *control.StackWork, step release.Step) error {
	if slices.Contains(w.lost, step.Host) {
		return nil // a release that an earlier run left may still have something there
	}
	i := instances{w.release(step.Release), w.domain, w.timeout}
	host := work.Hosts[step.Host]
	slot, _ := stack.ParseSlot(step.Slot)
	switch step.Do {
	case release.Prepare:
		host.Images = withImage(host.Images, i, slot)
	case release.Join:
		name := i.release.Model.Networks[step.Network].Name
		host.Networks = append(host.Networks, w.networks[network.Name(name)].Arguments(name, network.Domains(i.release.Model.Name, step.Network, w.domain)))
	case release.Leave:
		name := network.Name(i.release.Model.Networks[step.Network].Name)
		if needed, err := w.othersNeed(name, step.Host); err != nil || needed {
			return err
		}
		host.Networks = append(host.Networks, map[string]any{"name": name, "state": "absent"})
	case release.Start, release.Replace, release.Run, release.Standby:
		role := supervisor.Main
		if step.Do == release.Standby {
			role = supervisor.Standby
		}
		files, err := i.files(slot, w.content)
		if err != nil {
			return err
		}
		for _, f := range files {
			w.secret = w.secret || f.Secret != ""
			if !slices.ContainsFunc(host.Files, func(other control.StackHostFile) bool { return other.Path == f.Path }) {
				host.Files = append(host.Files, f)
			}
		}
		host.Services = append(host.Services, i.service(slot, role))
	case release.Stop:
		host.Services = append(host.Services, i.absent(slot))
	case release.Monitor:
		work.Watch = seconds(step.For)
		w.watch(work, i)
		return nil
	case release.Commit:
		work.Commit = true
		return nil
	default:
		return errors.New("this rundock-stack cannot do it")
	}
	if step.Strict {
		host.Strict = append(host.Strict, slot.Container(i.release.Model.Name))
	}
	work.Hosts[step.Host] = host
	return nil
}

// withImage adds the image of a slot, once.
func withImage(all []control.StackImage, i instances, slot stack.Slot) []control.StackImage {
	def := i.release.Model.Services[slot.Service]
	image := control.StackImage{Name: i.release.Image(slot.Service), Platform: def.Container.Platform, Pull: def.Pull}
	if slices.Contains(all, image) {
		return all
	}
	return append(all, image)
}

// watch has the instances that were changed looked at again: each must be well.
func (w *worker) watch(work *control.StackWork, i instances) {
	for _, c := range release.Diff(w.from, w.to) {
		if c.Kind != release.New && c.Kind != release.Replaced && c.Kind != release.Moved || slices.Contains(w.lost, c.To) {
			continue
		}
		host := work.Hosts[c.To]
		host.Services = append(host.Services, i.service(c.Slot, supervisor.Main))
		work.Hosts[c.To] = host
	}
}

// release is the one of a number that a step is of.
func (w *worker) release(number int) release.Release {
	if w.from != nil && number == w.from.Number {
		return *w.from
	}
	return w.to
}

// content is what a config holds.
func (w *worker) content(hash string) ([]byte, error) {
	if data, known := w.contents[hash]; known {
		return data, nil
	}
	data, err := release.Blob(w.ctx, w.store, w.to.Model.Name, hash)
	if err == nil {
		w.contents[hash] = data
	}
	return data, err
}

// seconds of a duration in the model.
func seconds(text string) float64 {
	d, _ := time.ParseDuration(text)
	return d.Seconds()
}
