package compose

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"rundock/internal/stack"
)

// health is how the container's health is found out.
func (v *servicing) health() {
	h := v.c.HealthCheck
	if h == nil {
		return
	}
	if h.Disable {
		v.setTrue("healthcheck.disable", "no-healthcheck", true)
		return
	}
	if len(h.Test) > 0 && !v.broken {
		v.report("healthcheck.test", v.b.SetHealthTest("healthcheck.test", h.Test))
	}
	for _, d := range []struct {
		key, flag string
		value     *types.Duration
	}{
		{"interval", "health-interval", h.Interval}, {"timeout", "health-timeout", h.Timeout},
		{"start_period", "health-start-period", h.StartPeriod}, {"start_interval", "health-start-interval", h.StartInterval},
	} {
		if d.value != nil && *d.value != 0 {
			v.set("healthcheck."+d.key, d.flag, time.Duration(*d.value).String())
		}
	}
	if h.Retries != nil && *h.Retries != 0 {
		v.set("healthcheck.retries", "health-retries", strconv.FormatUint(*h.Retries, 10))
	}
}

// logOptions are those of Docker's local driver.
var logOptions = map[string]bool{"max-size": true, "max-file": true, "compress": true}

func (v *servicing) log() {
	l := v.c.Logging
	if l == nil {
		return
	}
	switch l.Driver {
	case "", "json-file", "local", "journald":
	default:
		v.note("logging.driver", "%s is not used: rundock uses Docker's local driver and copies each line to the service's own log", l.Driver)
	}
	for _, name := range sortedKeys(l.Options) {
		if logOptions[name] {
			v.set("logging.options."+name, "log-opt", name+"="+l.Options[name])
		} else {
			v.note("logging.options."+name, "it is not used: Docker's local driver has max-size, max-file and compress")
		}
	}
}

// lifetime is how often and how long instances run.
func (v *servicing) lifetime() {
	if grace := v.c.StopGracePeriod; grace != nil {
		v.s.StopTimeout = max(1, int(math.Ceil(time.Duration(*grace).Seconds())))
	}
	key, condition, attempts := v.restart()
	if d := v.c.Deploy; d != nil && (d.Mode == "replicated-job" || d.Mode == "global-job") {
		v.job, condition = true, cmp.Or(condition, "none")
	}
	switch {
	case v.job && condition == "any":
		v.fail(key, "it is always started again, but another service waits for it to be completed")
	case v.job && condition == "on-failure":
		v.s.Restart.Attempts = cmp.Or(attempts, jobAttempts)
	case condition == "none":
		v.job = true
	case condition == "on-failure":
		v.note(key, "on-failure: it is started again whenever it ends, as no service waits for it to be completed")
	}
	if !v.job && attempts != 0 && condition != "none" {
		v.note(key, "%d attempts: it is started again for as long as it is part of the stack", attempts)
	}
	v.s.Job = v.job
}

// jobAttempts is how often a job that fails is started again where nothing says
// how often.
const jobAttempts = 3

// restart is what the files say of a container that ends: none, on-failure, any
// or nothing; how often it is started again, and which key says so.
func (v *servicing) restart() (key, condition string, attempts int) {
	if d := v.c.Deploy; d != nil && d.RestartPolicy != nil {
		if n := d.RestartPolicy.MaxAttempts; n != nil {
			attempts = int(*n)
		}
		switch condition = d.RestartPolicy.Condition; condition {
		case "", "any", "none", "on-failure":
			return "deploy.restart_policy", cmp.Or(condition, "any"), attempts
		}
		v.fail("deploy.restart_policy.condition", "%s; allowed: any, on-failure, none", condition)
		return "", "", attempts
	}
	word, count, _ := strings.Cut(v.c.Restart, ":")
	if count != "" {
		var err error
		if attempts, err = strconv.Atoi(count); err != nil {
			v.fail("restart", "%s: how often is no number", v.c.Restart)
		}
	}
	switch word {
	case "":
		return "", "", attempts
	case "no":
		return "restart", "none", attempts
	case "always", "unless-stopped":
		return "restart", "any", attempts
	case "on-failure":
		return "restart", word, attempts
	}
	v.fail("restart", "%s; allowed: no, always, on-failure, on-failure:NUMBER, unless-stopped", v.c.Restart)
	return "", "", attempts
}

// dependencies are what comes first.
func (v *servicing) dependencies() {
	for _, name := range sortedKeys(v.c.DependsOn) {
		d := v.c.DependsOn[name]
		other, ok := v.loaded.Services[name]
		if !ok {
			v.note("depends_on."+name, "it is not part of the stack, and not required")
			continue
		}
		out := stack.Dependency{Restart: d.Restart, Optional: !d.Required}
		switch d.Condition {
		case types.ServiceConditionHealthy:
			out.Condition = stack.Healthy
			if h := other.HealthCheck; h != nil && (h.Disable || len(h.Test) > 0 && h.Test[0] == "NONE") {
				v.fail("depends_on."+name, "it is waited for to be healthy, but its health check is disabled")
			}
		case types.ServiceConditionCompletedSuccessfully:
			out.Condition = stack.Completed
		}
		if v.s.DependsOn == nil {
			v.s.DependsOn = map[string]stack.Dependency{}
		}
		v.s.DependsOn[name] = out
	}
}
