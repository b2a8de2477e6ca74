package shipper

import (
	"strconv"
	"strings"
	"time"

	"rundock/internal/svlog"
	"rundock/supervisor/shipper/spool"
)

// encode appends the lines of a batch in the form of a protocol.
type encode func(to []byte, b spool.Batch, n note) []byte

// userInfo is facility user, severity info: svlogd's lines have neither.
const userInfo = "<14>1 "

// sdID names the structured data. Its number is that of documentation (RFC 5612): rundock
// has none of its own.
const sdID = "rundock@32473"

// syslogEncoder makes a frame of each line: its length, and a message of RFC 5424.
func syslogEncoder(host, id string) encode {
	var message []byte
	return func(to []byte, b spool.Batch, n note) []byte {
		l := n.Labels
		header := " " + syslogName(host, 255) + " " + syslogName(l.Service, 48) + " - " + syslogName(l.Part, 32) +
			" [" + sdID + ` service="` + sdValue.Replace(l.Service) + `" instance="` + sdValue.Replace(l.Instance) + `"`
		if l.Stack != "" {
			header += ` stack="` + sdValue.Replace(l.Stack) + `"`
		}
		header += ` host="` + sdValue.Replace(host) + `" id="` + id + "-"
		number := b.First
		for line := range eachLine(b.Data) {
			at, text := svlog.Split(line)
			if at.IsZero() {
				at = n.Read
			}
			message = append(message[:0], userInfo...)
			message = at.AppendFormat(message, "2006-01-02T15:04:05.000000Z")
			message = append(message, header...)
			message = strconv.AppendUint(message, number, 10)
			message = append(message, `"] `...)
			message = append(message, text...)
			to = strconv.AppendInt(to, int64(len(message)), 10)
			to = append(to, ' ')
			to = append(to, message...)
			number++
		}
		return to
	}
}

var sdValue = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`)

// syslogName is s as a field of the header may be: of printable ASCII, and not empty.
func syslogName(s string, most int) string {
	name := strings.Map(func(r rune) rune {
		if r > ' ' && r < 127 {
			return r
		}
		return '_'
	}, s)
	if name == "" {
		return "-"
	}
	return name[:min(len(name), most)]
}

// syslogSession sends by syslog over TLS. The protocol has no acknowledgement. What it has
// is the end: a receiver that is told that nothing more comes reads all that came before,
// and then closes the connection, too. So a session is ended every now and then, and that
// the receiver has closed it in turn acknowledges all of it.
type syslogSession struct {
	conn  *conn
	ended chan error // has what ended reading: io.EOF where the receiver closed
}

func newSyslogSession(c *conn) *syslogSession {
	s := &syslogSession{conn: c, ended: make(chan error, 1)}
	go func() {
		// Receivers say nothing.
		var b [64]byte
		for {
			if _, err := c.Read(b[:]); err != nil {
				s.ended <- err
				return
			}
		}
	}()
	return s
}

func (s *syslogSession) send(c chunk, written func(next uint64)) (acknowledged bool, err error) {
	at := 0
	for _, cut := range c.cuts {
		if err := s.conn.write(c.data[at:cut.size]); err != nil {
			return false, s.cause(err)
		}
		at = cut.size
		written(cut.next)
	}
	return false, nil
}

// cause is why the receiver has ended the connection, if it said that before err.
func (s *syslogSession) cause(err error) error {
	select {
	case first := <-s.ended:
		s.ended <- first
		return closedBy(first)
	case <-time.After(100 * time.Millisecond): // an alert may be on its way
		return err
	}
}

func (s *syslogSession) broken() error {
	select {
	case err := <-s.ended:
		s.ended <- err
		return closedBy(err)
	default:
		return nil
	}
}

func (s *syslogSession) finish() error {
	if err := s.conn.closeWrite(); err != nil {
		return s.cause(err)
	}
	select {
	case err := <-s.ended:
		s.ended <- err
		if err := closedBy(err); err != errClosed {
			return err
		}
		return nil
	case <-time.After(s.conn.patience()):
		return errMute(s.conn.patience())
	}
}
