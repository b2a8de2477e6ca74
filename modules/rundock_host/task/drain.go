package task

import (
	"fmt"

	"rundock/internal/ansible"
	"rundock/internal/control"
	"rundock/internal/hostconfig"
	"rundock/internal/module"
	"rundock/modules/rundock_host/params"
)

// drain takes the host out of use, by `rundockd drain`.
func drain(p params.Params, check bool) ansible.Result {
	already := isDrained()
	args := []string{"drain", "--by", p.By, "--timeout", fmt.Sprint(p.Timeout) + "s"}
	if p.Force {
		args = append(args, "--force")
	}
	if check {
		args = append(args, "--check")
	}
	o, err := module.Rundockd(nil, args...)
	if err == nil {
		err = o.Err()
	}
	said := stopped(string(o.Stdout))
	return drained(said, len(said) > 0 || !already && (err == nil || isDrained()), err)
}

func isDrained() bool {
	_, drained := control.ReadDrain(hostconfig.StateDir)
	return drained
}

// undrain has the services of a host that is drained run again, and adds that to r.
func undrain(r *ansible.Result, check bool) {
	if !isDrained() {
		return
	}
	if !check {
		o, err := module.Rundockd(nil, "undrain")
		if err == nil {
			err = o.Err()
		}
		if r.Err = err; err != nil {
			return
		}
	}
	done, _ := r.Values["actions"].([]string)
	done = append(done, "host drained no longer")
	r.Changed, r.Values["actions"], r.Msg = true, done, module.Summary(done)
}
