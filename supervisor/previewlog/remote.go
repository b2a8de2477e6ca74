package previewlog

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"rundock/internal/registry/tlsfiles"
	"rundock/supervisor/report"
)

// Socket is where the builder of a host gives its logs to the page of the same host.
const Socket = "/run/rundock/preview-logs.sock"

// Hosts asks builders for their logs.
type Hosts struct {
	Socket string         // of this host's builder
	TLS    tlsfiles.Files // by which other hosts' builders are asked; without a CA it is plain HTTP
}

// CheckFiles says what is wrong with the flags --logs-cert, --logs-key and --logs-ca.
func CheckFiles(f tlsfiles.Files) error {
	if (f.Cert == "") != (f.Key == "") || (f.Cert == "") != (f.CA == "") {
		return errors.New("--logs-cert, --logs-key and --logs-ca go together")
	}
	return nil
}

// Remote is a log that a builder gives. address is its ADDRESS:PORT, "" that of this host; build
// is whether it is that of a build, or of the container slot.
func (h Hosts) Remote(host, address, name, slot string) Source {
	path := "/container/" + url.PathEscape(name) + "/" + url.PathEscape(slot)
	if slot == "" {
		path = "/build/" + url.PathEscape(name)
	}
	return remote{h, host, address, path}
}

type remote struct {
	Hosts
	host, address, path string
}

const (
	dialPatience   = 5 * time.Second
	answerPatience = 10 * time.Second

	// silence is how long a builder may say nothing of a log that is followed: it gives a sign of life each 15 s.
	silence = 60 * time.Second

	// readAtMost is how much a log may have that is read at once, in bytes.
	readAtMost = 8 << 20
)

// Read implements Source.
func (r remote) Read(ctx context.Context, after Place, told Reading) error {
	ctx, cancel := context.WithTimeout(ctx, 2*answerPatience)
	defer cancel()
	return r.ask(ctx, after, "", told)
}

// Follow implements Source.
func (r remote) Follow(ctx context.Context, after Place, told Reading) error {
	err := r.ask(ctx, after, "&follow=1", told)
	if ctx.Err() != nil {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("the builder of %s has ended the log", r.host)
	}
	return err
}

func (r remote) ask(ctx context.Context, after Place, how string, told Reading) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	transport, scheme, err := r.transport()
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, "GET", scheme+"://"+r.named()+r.path+"?after="+url.QueryEscape(after.String())+how, nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("the builder of %s does not answer, so that its logs are not shown: %w", r.host, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return fmt.Errorf("the builder of %s: %s", r.host, report.OneLine(string(why)))
	}
	var body io.Reader = res.Body
	if how == "" {
		body = io.LimitReader(body, readAtMost)
	}
	watch := time.AfterFunc(silence, cancel)
	defer watch.Stop()
	return r.tell(bufio.NewReaderSize(body, lineAtMost), told, func() { watch.Reset(silence) })
}

// tell tells of what a builder sends, until its end.
func (r remote) tell(in *bufio.Reader, told Reading, alive func()) error {
	for {
		data, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the builder of %s gives its log no longer: %w", r.host, err)
		}
		alive()
		var e event
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("what the builder of %s sends of a log cannot be read: %w", r.host, err)
		}
		switch {
		case e.Err != "":
			return errors.New(e.Err)
		case e.Line != nil:
			err = told.On(e.Anew, ParsePlace(e.At), *e.Line)
		case told.Idle != nil:
			err = told.Idle()
		}
		if err == nil && told.Sent != nil && in.Buffered() == 0 {
			err = told.Sent()
		}
		if err != nil {
			return err
		}
	}
}

func (r remote) named() string {
	if r.address == "" {
		return "builder"
	}
	return r.address
}

func (r remote) transport() (*http.Transport, string, error) {
	t := &http.Transport{ResponseHeaderTimeout: answerPatience, TLSHandshakeTimeout: answerPatience}
	dialer := &net.Dialer{Timeout: dialPatience}
	t.DialContext = dialer.DialContext
	switch {
	case r.address == "":
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", r.Socket)
		}
		return t, "http", nil
	case r.TLS.CA == "":
		return t, "http", nil
	}
	config, err := r.TLS.Config("logs of previews:")
	t.TLSClientConfig = config
	return t, "https", err
}

// Unknown is a log that cannot be had, for a reason.
type Unknown string

func (u Unknown) Error() string { return string(u) }

// Read implements Source.
func (u Unknown) Read(context.Context, Place, Reading) error { return u }

// Follow implements Source.
func (u Unknown) Follow(context.Context, Place, Reading) error { return u }
