package shipper

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"rundock/internal/await"
	"rundock/internal/pki/pkitest"
	"rundock/internal/registry/registrytest"
	"rundock/supervisor/shipper/rsyslogtest"
)

// target is a receiver that can be killed, and started again at the same address.
type target struct {
	t       testing.TB
	dir     string
	address string
	out     string // what it has received: structured data, a space, the line
	start   func() *exec.Cmd
	process *exec.Cmd
}

// up starts it, and waits until it listens.
func (r *target) up() {
	r.t.Helper()
	r.process = r.start()
	await.Nil(r.t, "the receiver listens", func() error {
		c, err := net.Dial("tcp", r.address)
		if err == nil {
			c.Close()
		}
		return err
	})
}

func (r *target) down() { kill(r.process) }

// certificate writes one that signs itself, for the target's address, and its key.
func (r *target) certificate(valid time.Duration) {
	r.t.Helper()
	pkitest.Write(r.t, r.dir, registrytest.Loopback(), valid)
}

// rsyslog is a real rsyslogd, which writes a message before it reads the next.
func rsyslog(t *testing.T) (*target, Settings) {
	t.Helper()
	if _, err := exec.LookPath("rsyslogd"); err != nil {
		t.Skipf("%v (make test installs it)", err)
	}
	r := &target{t: t, dir: t.TempDir(), address: registrytest.Address()}
	r.out = rsyslogtest.Received(r.dir)
	r.certificate(time.Hour)
	r.start = func() *exec.Cmd { return started(t, rsyslogtest.Command(t, r.dir, r.address)) }
	return r, Settings{To: "syslog+tls://" + r.address, CA: filepath.Join(r.dir, "cert.pem")}
}

// fluent is a receiver of the forward protocol in a process of its own. Debian has neither
// fluentd nor fluent-bit.
type fluent struct {
	Address, Out, Cert, Key string
}

func fluentd(t *testing.T, secure bool) (*target, Settings) {
	t.Helper()
	r := &target{t: t, dir: t.TempDir(), address: registrytest.Address()}
	r.out = filepath.Join(r.dir, "received")
	config := fluent{Address: r.address, Out: r.out}
	to := Settings{To: "fluent://" + r.address}
	if secure {
		r.certificate(time.Hour)
		config.Cert, config.Key = filepath.Join(r.dir, "cert.pem"), filepath.Join(r.dir, "key.pem")
		to = Settings{To: "fluent+tls://" + r.address, CA: config.Cert, Cert: config.Cert, Key: config.Key}
	}
	r.start = func() *exec.Cmd { return role(t, "fluent", config) }
	return r, to
}

// receiveAlone is that process.
func receiveAlone(config string) error {
	var f fluent
	if err := json.Unmarshal([]byte(config), &f); err != nil {
		return err
	}
	out, err := os.OpenFile(f.Out, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", f.Address)
	if err != nil {
		return err
	}
	if f.Cert != "" {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return err
		}
		pool := x509.NewCertPool()
		pool.AddCert(pair.Leaf)
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool})
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			for r := msgp.NewReader(c); ; {
				if err := receiveChunk(r, c, out); err != nil {
					if !errors.Is(err, io.EOF) {
						fmt.Fprintln(os.Stderr, "a chunk is not taken:", err)
					}
					return
				}
			}
		}()
	}
}

// receiveChunk takes [tag, entries, {"chunk": id, ...}], and answers {"ack": id}.
// Without out it does not look into the entries.
func receiveChunk(r *msgp.Reader, c net.Conn, out *os.File) error {
	message, err := r.ReadIntf()
	if err != nil {
		return err
	}
	parts, ok := message.([]any)
	if !ok || len(parts) != 3 || parts[0] != fluentTag {
		return fmt.Errorf("a message of %T %v", message, parts)
	}
	options := parts[2].(map[string]any)
	if out != nil {
		if err := writeEntries(parts[1].([]byte), options["size"], out); err != nil {
			return err
		}
	}
	answer := msgp.AppendString(msgp.AppendString(msgp.AppendMapHeader(nil, 1), "ack"), options["chunk"].(string))
	_, err = c.Write(answer)
	return err
}

// writeEntries writes the events of a chunk, of which there are to be so many.
func writeEntries(data []byte, size any, out *os.File) error {
	var lines bytes.Buffer
	entries := msgp.NewReader(bytes.NewReader(data))
	count := int64(0)
	for ; ; count++ {
		n, err := entries.ReadArrayHeader()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || n != 2 {
			return fmt.Errorf("event %d has %d parts: %v", count, n, err)
		}
		var at msgp.RawExtension
		at.Type = 0
		if err := entries.ReadExtension(&at); err != nil || len(at.Data) != 8 {
			return fmt.Errorf("a time of %d bytes: %v", len(at.Data), err)
		}
		event := map[string]any{}
		if err := entries.ReadMapStrIntf(event); err != nil {
			return err
		}
		fmt.Fprintf(&lines, "[%s", sdID)
		for _, name := range []string{"service", "instance", "stack", "host", "id"} {
			if value, ok := event[name]; ok {
				fmt.Fprintf(&lines, " %s=%q", name, value)
			}
		}
		fmt.Fprintf(&lines, "] %v - %v|%v\n", event["host"], event["part"], event["log"])
	}
	if size != count {
		return fmt.Errorf("%d events, and it says %v", count, size)
	}
	_, err := out.Write(lines.Bytes())
	return err
}

// received is what a receiver has.
type received struct {
	lines   map[string]string // text by id
	order   []string          // ids, as they came first
	twice   int               // lines that came again, under the same id
	labels  map[string]string // of the first line of a folder: all before the text
	texts   map[string]bool
	unequal []string
}

var idOf = regexp.MustCompile(` id="([^"]+)"`)

func (r *target) received() received {
	r.t.Helper()
	got := received{lines: map[string]string{}, labels: map[string]string{}, texts: map[string]bool{}}
	f, err := os.Open(r.out)
	if err != nil {
		return got
	}
	defer f.Close()
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		// Before it may be the part of a line that a receiver had written when it was killed.
		whole := scanner.Bytes()[max(0, bytes.LastIndex(scanner.Bytes(), []byte("["+sdID+" "))):]
		head, text, _ := bytes.Cut(whole, []byte("|"))
		m := idOf.FindSubmatch(head)
		if m == nil {
			got.unequal = append(got.unequal, scanner.Text())
			continue
		}
		id, line := string(m[1]), string(text)
		if before, again := got.lines[id]; again {
			got.twice++
			if before != line {
				got.unequal = append(got.unequal, line)
			}
			continue
		}
		if got.texts[line] {
			got.unequal = append(got.unequal, "under two ids: "+line)
		}
		got.lines[id], got.texts[line] = line, true
		got.order = append(got.order, id)
		folder, _, _ := bytes.Cut(text, []byte(" "))
		if _, known := got.labels[string(folder)]; !known {
			got.labels[string(folder)] = string(head)
		}
	}
	return got
}

func (r *target) count() int { return len(r.received().lines) }

// whole fails where lines of s are missing, or are not what was written.
func (r *target) whole(s *site) received {
	r.t.Helper()
	got := r.received()
	for folder, l := range s.loggers {
		missing := 0
		for i := range l.lines {
			if !got.texts[fmt.Sprintf("%s line %d of those that are written here", folder, i)] {
				missing++
			}
		}
		if missing > 0 {
			r.t.Errorf("%d of %d lines of %s have not arrived", missing, l.lines, folder)
		}
	}
	if len(got.unequal) > 0 {
		r.t.Errorf("%d lines are not what was written, such as %q", len(got.unequal), got.unequal[0])
	}
	return got
}
