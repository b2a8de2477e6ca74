package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// Program is the on-host program that modules exec for what needs Docker.
const Program = "/usr/local/bin/rundockd"

// Op is what `rundockd ctl` is asked to do.
type Op string

const (
	// Prepare pulls the image as the policy says, and has the Docker daemon
	// check everything that it can check before anything is stopped or
	// written: a trial creation of the container, its host ports free.
	Prepare Op = "prepare"
	// Wait returns when the service is as For says, or when it cannot become so.
	Wait Op = "wait"
	// Remove stops and removes the service's container with its anonymous
	// volumes, and its state under /run/rundock and /var/lib/rundock. The
	// service's runner is gone by then.
	Remove Op = "remove"
)

// Request is one JSON object on stdin of `rundockd ctl`.
type Request struct {
	Version int             `json:"version"`
	Op      Op              `json:"op"`
	Service string          `json:"service"`           // name
	Spec    json.RawMessage `json:"spec,omitempty"`    // prepare: the wanted service.json
	For     string          `json:"for,omitempty"`     // wait: running, healthy, announced
	Hash    string          `json:"hash,omitempty"`    // wait: the spec hash the container must have
	Not     string          `json:"not,omitempty"`     // wait: the container id that must have been replaced
	Since   time.Time       `json:"since,omitzero"`    // wait: status written before is of an earlier attempt
	Timeout int             `json:"timeout,omitempty"` // seconds
}

// Response is one JSON object on stdout. Error is empty on success; it names
// the operation and the object, and ends with the container's last log lines
// where they help.
type Response struct {
	Version  int             `json:"version"`
	Error    string          `json:"error,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
	Image    string          `json:"image,omitempty"`   // prepare: id of the image
	Changed  bool            `json:"changed,omitempty"` // remove: something was there
	Runner   *RunnerStatus   `json:"runner,omitempty"`
	Announce *AnnounceStatus `json:"announce,omitempty"`
}

// Call execs program with r and returns its response. An error means that the
// program could not be run or did not answer; a Response.Error is not one.
func Call(program string, r Request) (Response, error) {
	r.Version = Version
	in, err := json.Marshal(r)
	if err != nil {
		return Response{}, fmt.Errorf("%s ctl: %w", program, err)
	}
	cmd := exec.Command(program, "ctl")
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	var answer Response
	if jsonErr := json.Unmarshal(out, &answer); jsonErr == nil && answer.Version == Version {
		return answer, nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return Response{}, fmt.Errorf("%s ctl %s %s: %w: %s", program, r.Op, r.Service, err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return Response{}, fmt.Errorf("%s ctl %s %s: %w", program, r.Op, r.Service, err)
	}
	return Response{}, fmt.Errorf("%s ctl %s %s: the answer is not of version %d: %.200q", program, r.Op, r.Service, Version, out)
}
