package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"rundock/internal/container"
)

// Scanner is a command on the host that tells what is known to be wrong with an image.
type Scanner struct {
	Command []string `json:"command"` // and its arguments; the image by digest follows, or takes the place of {image}
	Timeout int      `json:"timeout"` // seconds for each image; 0 means 120
}

// scanID is the check that a scanner could look at each image. What it finds has ids of its own.
const scanID = "SCAN"

const scanRemedy = "call it by hand for this image; the parameter scanner of rundock_audit"

// found is a line of a scanner.
type found struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Text     string `json:"text"`
	Package  string `json:"package"`
	Remedy   string `json:"remedy"`
}

// images are what runs, by digest, or by id where no image registry knows it, and the services of each.
func images(containers []container.Posture) (refs []string, services map[string][]string) {
	services = map[string][]string{}
	for _, c := range containers {
		ref := c.ImageID
		if len(c.Digests) > 0 {
			ref = c.Digests[0]
		}
		if !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
		if c.Service != "" && !slices.Contains(services[ref], c.Service) {
			services[ref] = append(services[ref], c.Service)
		}
	}
	slices.Sort(refs)
	return refs, services
}

// scan has the scanner look at each image that runs. Where it fails, that is a finding; and
// where it is not known which run.
func (s Scanner) scan(ctx context.Context, o Observation) (all []Finding) {
	if o.DockerBad != "" {
		return []Finding{unscanned("images", o.DockerBad)}
	}
	refs, services := images(o.Containers)
	for _, ref := range refs {
		one := s.look(ctx, ref)
		for i := range one {
			if len(services[ref]) == 1 {
				one[i].Service = services[ref][0]
			}
		}
		all = append(all, one...)
	}
	return all
}

// look has the scanner look at one image.
func (s Scanner) look(ctx context.Context, ref string) []Finding {
	limit := 120 * time.Second
	if s.Timeout > 0 {
		limit = time.Duration(s.Timeout) * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	words, placed := slices.Clone(s.Command), false
	for i, w := range words {
		placed = placed || strings.Contains(w, "{image}")
		words[i] = strings.ReplaceAll(w, "{image}", ref)
	}
	if !placed {
		words = append(words, ref)
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	// What it has started itself ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var stdout, stderr limited
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("it has not ended within %s", limit)
	}
	return judgeScan(s.Command[0], ref, stdout.Bytes(), strings.TrimSpace(stderr.String()), stdout.over, err)
}

// judgeScan makes findings of what a scanner printed for an image. 1 is what many scanners end with that
// have found something; any other failure is a finding, whatever was printed before.
func judgeScan(command, ref string, out []byte, said string, cut bool, err error) (all []Finding) {
	var problem string
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, outputLimit)
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var f found
		severity, known := Severity(""), false
		if json.Unmarshal(line, &f) == nil {
			severity, known = severityOf(f.Severity)
		}
		if !known || f.ID == "" {
			problem = fmt.Sprintf("it printed a line that is no finding: %.200s", line)
			break // what follows may be without an end
		}
		all = append(all, Finding{
			ID: f.ID, Group: "images", Severity: severity, Subject: ref, Text: strings.TrimPrefix(f.Package+": "+f.Text, ": "),
			Wants: "images have no weakness that a scanner knows", Reason: command + " knows it", Remedy: says(f.Remedy == "", "another image, or accept it with the reason") + f.Remedy,
		})
	}
	var exit *exec.ExitError
	switch {
	case err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1 && len(all) > 0):
		problem = fmt.Sprintf("%s: %v", command, err)
		if said != "" {
			problem += fmt.Sprintf(": %.300s", said)
		}
	case cut:
		problem = fmt.Sprintf("it printed more than %d bytes", outputLimit)
	}
	if problem != "" {
		all = append(all, unscanned(ref, problem))
	}
	return all
}

// unscanned is the finding that a scanner could not look.
func unscanned(subject, why string) Finding {
	return Finding{
		ID: scanID, Group: "images", Severity: High, Subject: subject, Unknown: true, Text: "it could not be scanned: " + why,
		Wants: "the scanner looks at each image", Reason: "what it would have found is not known", Remedy: scanRemedy,
	}
}

// severityOf is the word of a scanner as one of ours.
func severityOf(word string) (s Severity, known bool) {
	switch strings.ToLower(word) {
	case "critical", "high":
		return High, true
	case "medium", "moderate":
		return Medium, true
	case "low", "negligible", "unknown", "info":
		return Low, true
	}
	return "", false
}

// outputLimit is how much of a scanner's output is read.
const outputLimit = 8 << 20

// limited keeps the beginning of what is written.
type limited struct {
	bytes.Buffer
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	if room := outputLimit - l.Len(); room < len(p) {
		l.over = true
		l.Buffer.Write(p[:max(room, 0)])
		return len(p), nil
	}
	return l.Buffer.Write(p)
}

var _ io.Writer = (*limited)(nil)
