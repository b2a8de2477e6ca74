package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
)

// Session asks one process of `rundockd ctl`, which is started with the first
// request and serves any number of them at once. Its methods may be called by
// several goroutines.
type Session struct {
	Program string

	mu   sync.Mutex
	live *process // nil: none runs
}

// process is one run of the program.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	stderr  bytes.Buffer
	last    int // id of a request
	waiting map[int]chan reply
}

// reply is an answer, or why there is none.
type reply struct {
	answer Response
	err    error
}

// Do has r done. An error means that the program could not be run or did not
// answer; a Response.Error is not one.
func (s *Session) Do(r Request) (Response, error) {
	got, err := s.send(r)
	if err != nil {
		return Response{}, fmt.Errorf("%s ctl %s %s: %w", s.Program, r.Op, r.Service, err)
	}
	a := <-got
	if a.err != nil {
		return Response{}, fmt.Errorf("%s ctl %s %s: %w", s.Program, r.Op, r.Service, a.err)
	}
	return a.answer, nil
}

func (s *Session) send(r Request) (<-chan reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil {
		if err := s.start(); err != nil {
			return nil, err
		}
	}
	p := s.live
	p.last++
	r.Version, r.ID = Version, p.last
	line, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	got := make(chan reply, 1)
	p.waiting[r.ID] = got
	// A program that has ended is told of by its exit code, not by this pipe.
	p.in.Write(append(line, '\n'))
	return got, nil
}

// start runs the program. s.mu is locked.
func (s *Session) start() error {
	p := &process{cmd: exec.Command(s.Program, "ctl"), waiting: map[int]chan reply{}}
	p.cmd.Stderr = &p.stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.in, s.live = in, p
	go s.read(p, out)
	return nil
}

// read hands out the answers of p until it ends; then who still waits is told
// why.
func (s *Session) read(p *process, out io.Reader) {
	dec := json.NewDecoder(out)
	var broken error
	for broken == nil {
		var a Response
		if broken = dec.Decode(&a); broken == nil && a.Version != Version {
			broken = fmt.Errorf("the answer is not of version %d", Version)
		}
		if broken != nil {
			break
		}
		s.mu.Lock()
		got := p.waiting[a.ID]
		delete(p.waiting, a.ID)
		s.mu.Unlock()
		switch {
		case got != nil && !strings.HasPrefix(a.Error, UnknownOp):
			got <- reply{answer: a}
		case got != nil:
			got <- reply{err: otherRelease(a.Error)}
		case a.ID == 0 && a.Error != "": // it cannot read so much as the id
			broken = otherRelease(a.Error)
		default:
			broken = fmt.Errorf("it answers what was not asked: %s", a.Error)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == p {
		s.live = nil
	}
	p.in.Close()
	io.Copy(io.Discard, out)
	err := p.cmd.Wait()
	if err == nil {
		err = broken
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("it ended without an answer")
	}
	if text := bytes.TrimSpace(p.stderr.Bytes()); len(text) > 0 {
		err = fmt.Errorf("%w: %s", err, text)
	}
	for _, got := range p.waiting {
		got <- reply{err: err}
	}
}

// otherRelease is the error of a request that the program does not understand.
func otherRelease(says string) error {
	return fmt.Errorf("the rundockd on this host is of another release than the module, and does not understand it: install the controller's there, by playbooks/site.yml, or upgrade.yml where services are in use (%s)", says)
}

// Close lets the program end.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live != nil {
		s.live.in.Close()
		s.live = nil
	}
}
