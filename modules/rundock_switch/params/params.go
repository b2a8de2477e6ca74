// Package params is what a call of the module says: its parameters with their
// documentation, the checks of what they hold, and the arguments that rundockd switch
// gets for them.
package params

import (
	"fmt"
	"strconv"
	"strings"

	"rundock/internal/ansible"
)

// Spec is what the module takes, as ansible-doc shows it: after a change,
// go test ./modules/rundock_switch -run TestDocs -update.
var Spec = ansible.Spec{
	Module: "rundock_switch",
	Root:   true,
	Short:  "Give a service's traffic to its other colour, without a failed request",
	Description: []string{
		"Leads the switch of a service from one colour to the other on all load balancers that are registered for it: each prepares the new colour, is given the word, and acknowledges. Where one does not, all go back, and the call fails and names it.",
		"It is about the whole site, not about a host: call it once, on any host that rundock is installed on (C(run_once: true)).",
		"The colour that had the traffic stays warm: the same call with the other colour goes back.",
		"Check mode says what the call would do, and fails where it could not be done. A second call changes nothing.",
	},
	Requirements: []string{"rundockd on the host, as C(playbooks/site.yml) installs it, and one load balancer or more (role C(loadbalancer)); no Python"},
	Examples:     examples,
	Returns:      returned,
	Params: []ansible.Param{
		{Name: "service", Required: true, Description: []string{"Name of the service, without a colour."}},
		{Name: "to", Required: true, Choices: []string{"blue", "green"}, Description: []string{"The colour that is to have the traffic."}},
		{Name: "min_healthy", Type: ansible.Int, Default: 0, Description: []string{
			"How many instances of the colour have to be well, as the host of the call and as each load balancer sees it. C(0) is all that are announced.",
		}},
		{Name: "path", Description: []string{"Path that the instances are polled at by HTTP before anything is begun, such as C(/up). Unset, that they take connections is enough; load balancers have checks of their own."}},
		{Name: "drain", Type: ansible.Int, Default: 30, Description: []string{"Seconds that sessions may last on the colour that had the traffic; then they are shut down."}},
		{Name: "timeout", Type: ansible.Int, Default: 60, Description: []string{"Seconds for each step: for instances to be well, and for load balancers to prepare and to flip."}},
		{Name: "rollback_on", Type: ansible.Dict, Description: []string{"Go back where the new colour proves bad after the flip, or with I(canary) before it, by HAProxy's own counters."}, Options: []ansible.Param{
			{Name: "errors", Type: ansible.Float, Description: []string{"Per cent of its requests that fail: 5xx answers, and connections or answers that break off."}},
			{Name: "checks", Type: ansible.Int, Description: []string{"Failed checks of its instances."}},
			{Name: "window", Type: ansible.Int, Default: 30, Description: []string{"Seconds after the flip in which that counts; the call lasts as long."}},
		}, Rules: ansible.Rules{RequiredOneOf: [][]string{{"errors", "checks"}}}},
		{Name: "canary", Type: ansible.Dict, Description: []string{"First give a share of new sessions to the new colour."}, Options: []ansible.Param{
			{Name: "share", Type: ansible.Float, Required: true, Description: []string{"Per cent of new sessions."}},
			{Name: "seconds", Type: ansible.Int, Required: true, Description: []string{"For how long."}},
		}},
		{Name: "who", Description: []string{"Who asks, for C(rundockd history) and for others who are refused meanwhile; the host of the call unless given."}},
		{Name: "image", Description: []string{"Image of the colour by digest, for C(rundockd history); the one that the host of the call runs unless given, if it runs one."}},
	},
	Elsewhere: []ansible.Elsewhere{
		{Names: "name", Advice: "say service"},
		{Names: "colour color active", Advice: "say to"},
		{Names: "drain_timeout", Advice: "say drain"},
		{Names: "rollback", Advice: "say rollback_on"},
		{Names: "wait_timeout", Advice: "say timeout"},
		{Names: "check_path healthcheck", Advice: "say path"},
	},
}

// Params are the parameters as given.
type Params struct {
	Service    string `json:"service"`
	To         string `json:"to"`
	MinHealthy int    `json:"min_healthy"`
	Path       string `json:"path"`
	Drain      int    `json:"drain"`
	Timeout    int    `json:"timeout"`
	RollbackOn *struct {
		Errors *float64 `json:"errors"`
		Checks *int     `json:"checks"`
		Window int      `json:"window"`
	} `json:"rollback_on"`
	Canary *struct {
		Share   float64 `json:"share"`
		Seconds int     `json:"seconds"`
	} `json:"canary"`
	Who   string `json:"who"`
	Image string `json:"image"`
}

const day = 24 * 60 * 60

// Check refuses values that make no sense for any service.
func (p Params) Check() error {
	if p.Service == "" || strings.Trim(p.Service, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasPrefix(p.Service, "-") {
		return fmt.Errorf("value of service must be a name as the service is announced: a-z, 0-9 and -, got: %q", p.Service)
	}
	if p.Path != "" && !strings.HasPrefix(p.Path, "/") {
		return fmt.Errorf("value of path must begin with /, got: %q", p.Path)
	}
	type bound struct {
		name      string
		low, high int
		value     int
	}
	bounds := []bound{{"min_healthy", 0, 65535, p.MinHealthy}, {"drain", 0, day, p.Drain}, {"timeout", 1, day, p.Timeout}}
	shares := map[string]*float64{}
	if r := p.RollbackOn; r != nil {
		bounds, shares["rollback_on.errors"] = append(bounds, bound{"rollback_on.window", 1, day, r.Window}), r.Errors
		if r.Checks != nil {
			bounds = append(bounds, bound{"rollback_on.checks", 1, 1 << 30, *r.Checks})
		}
	}
	if c := p.Canary; c != nil {
		bounds, shares["canary.share"] = append(bounds, bound{"canary.seconds", 1, day, c.Seconds}), &c.Share
	}
	for _, b := range bounds {
		if err := ansible.Between(b.name, b.value, b.low, b.high); err != nil {
			return err
		}
	}
	for name, share := range shares {
		if share != nil && !(*share > 0 && *share <= 100) {
			return fmt.Errorf("value of %s must be more than 0 and at most 100 per cent, got: %v", name, *share)
		}
	}
	return nil
}

// Args are those of rundockd switch.
func (p Params) Args(check bool) []string {
	args := []string{p.Service, "--json", "--to", p.To, "--drain", strconv.Itoa(p.Drain), "--timeout", strconv.Itoa(p.Timeout), "--min-healthy", strconv.Itoa(p.MinHealthy)}
	for _, given := range []struct{ flag, value string }{{"--path", p.Path}, {"--who", p.Who}, {"--image", p.Image}} {
		if given.value != "" {
			args = append(args, given.flag, given.value)
		}
	}
	if r := p.RollbackOn; r != nil {
		on := "window=" + strconv.Itoa(r.Window)
		if r.Errors != nil {
			on += ",errors=" + percent(*r.Errors)
		}
		if r.Checks != nil {
			on += ",checks=" + strconv.Itoa(*r.Checks)
		}
		args = append(args, "--rollback-on", on)
	}
	if c := p.Canary; c != nil {
		args = append(args, "--canary", percent(c.Share)+","+strconv.Itoa(c.Seconds))
	}
	if check {
		args = append(args, "--check")
	}
	return args
}

func percent(share float64) string { return strconv.FormatFloat(share, 'f', -1, 64) + "%" }
