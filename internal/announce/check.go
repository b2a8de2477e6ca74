package announce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"syscall"
	"time"

	"rundock/internal/announce/defaults"
	"rundock/internal/pause"
)

// CheckType is how a port's health is found out.
type CheckType string

const (
	CheckDocker CheckType = "docker" // the container's HEALTHCHECK; acts at once, rise and fall are docker's
	CheckTCP    CheckType = "tcp"    // connecting succeeds
	CheckHTTP   CheckType = "http"   // GET is answered with a status of 200 to 399
	CheckExec   CheckType = "exec"   // a command on the host exits with 0
)

// Check is a health check. Checks begin every Interval, or every 100 ms from
// the start of a container to the first success.
type Check struct {
	Type     CheckType     // "": docker if the container has a HEALTHCHECK, else tcp (a UDP port: none)
	Path     string        // http; "" means /
	Command  []string      // exec; not a shell's
	Port     int           // tcp, http; 0 means the announced one, inside the container
	Interval time.Duration // 0 means 1 s
	Timeout  time.Duration // 0 means 1 s
	Rise     int           // successes in a row before it is announced; 0 means 1
	Fall     int           // failures in a row before it is withdrawn; 0 means 3
}

// hasteInterval is the pace of checks before the first success.
const hasteInterval = 100 * time.Millisecond

// withDefaults fills the zeros, or says what is wrong.
func (c Check) withDefaults() (Check, error) {
	switch c.Type {
	case "", CheckDocker, CheckTCP, CheckHTTP, CheckExec:
	default:
		return c, fmt.Errorf("check type %q: want docker, tcp, http or exec", c.Type)
	}
	switch {
	case c.Type == CheckExec && len(c.Command) == 0:
		return c, errors.New("check exec: no command")
	case c.Type != CheckExec && len(c.Command) > 0:
		return c, fmt.Errorf("check command %q: only for exec", c.Command[0])
	case c.Type != CheckHTTP && c.Path != "":
		return c, fmt.Errorf("check path %q: only for http", c.Path)
	case c.Path != "" && c.Path[0] != '/':
		return c, fmt.Errorf("check path %q: want a slash at its beginning", c.Path)
	case c.Port < 0 || c.Port > 65535:
		return c, fmt.Errorf("check port %d: want 1 to 65535", c.Port)
	case c.Interval < 0 || c.Interval > 0 && c.Interval < 10*time.Millisecond:
		return c, fmt.Errorf("check interval %s: want at least 10ms", c.Interval)
	case c.Timeout < 0 || c.Timeout > 0 && c.Timeout < 10*time.Millisecond:
		return c, fmt.Errorf("check timeout %s: want at least 10ms", c.Timeout)
	case c.Rise < 0 || c.Fall < 0:
		return c, fmt.Errorf("check rise %d, fall %d: want at least 1", c.Rise, c.Fall)
	}
	c.Path = cmp.Or(c.Path, defaults.Path)
	c.Interval, c.Timeout = cmp.Or(c.Interval, defaults.Interval), cmp.Or(c.Timeout, defaults.Timeout)
	c.Rise, c.Fall = cmp.Or(c.Rise, defaults.Rise), cmp.Or(c.Fall, defaults.Fall)
	return c, nil
}

// once makes one check of target. The error is complete: "tcp
// 172.17.0.3:8086: connection refused".
func (c Check) once(ctx context.Context, target netip.AddrPort) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	var what string
	var err error
	switch c.Type {
	case CheckHTTP:
		what = fmt.Sprintf("http://%s%s", target, c.Path)
		err = get(ctx, what)
	case CheckExec:
		what = fmt.Sprintf("%q", c.Command)
		err = run(ctx, c.Command)
	default:
		what = "tcp " + target.String()
		err = connect(ctx, target)
	}
	if err == nil {
		return nil
	}
	if ctx.Err() == context.DeadlineExceeded {
		return fmt.Errorf("%s: no answer within %s", what, c.Timeout)
	}
	return fmt.Errorf("%s: %w", what, cause(err))
}

func connect(ctx context.Context, target netip.AddrPort) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", target.String())
	if err != nil {
		return err
	}
	return conn.Close()
}

// httpClient follows no redirect and keeps no connection: each check is one
// exchange with the container itself.
var httpClient = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func get(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "rundock-check")
	resp, err := httpClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 399 {
		return errors.New(resp.Status)
	}
	return nil
}

// run runs argv in a process group of its own, which is killed when ctx ends, and
// what is left of it when argv has ended.
func run(ctx context.Context, argv []string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// A pipe of our own: cmd would wait for its end, and so for children that argv has left.
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		return err
	}
	var out tail
	read := make(chan struct{})
	go func() {
		defer close(read)
		io.Copy(&out, r)
	}()
	err = cmd.Wait()
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	select {
	case <-read:
	case <-time.After(time.Second): // a child that has left the group has the pipe
		r.Close()
		<-read
	}
	if last := lastLine(string(out.text)); err != nil && last != "" {
		return fmt.Errorf("%w: %s", err, last)
	}
	return err
}

// tail keeps the end of what is written to it: a command may say much.
type tail struct{ text []byte }

const tailSize = 4096

func (e *tail) Write(p []byte) (int, error) {
	e.text = append(e.text, p[max(0, len(p)-tailSize):]...)
	e.text = append(e.text[:0], e.text[max(0, len(e.text)-tailSize):]...)
	return len(p), nil
}

// cause leaves out of err what repeats the address.
func cause(err error) error {
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err
	}
	var file *fs.PathError
	if errors.As(err, &file) {
		return file.Err
	}
	var exchange *url.Error
	if errors.As(err, &exchange) {
		return exchange.Err
	}
	return err
}

// probe checks target again and again until ctx is done, telling each result.
// With haste it hurries up to the first success.
func (c Check) probe(ctx context.Context, target netip.AddrPort, haste bool, tell func(error)) {
	for {
		began := time.Now()
		err := c.once(ctx, target)
		if ctx.Err() != nil {
			return
		}
		tell(err)
		haste = haste && err != nil
		pace := c.Interval
		if haste {
			pace = min(pace, hasteInterval)
		}
		if pause.For(ctx, time.Until(began.Add(pace))) != nil {
			return
		}
	}
}
