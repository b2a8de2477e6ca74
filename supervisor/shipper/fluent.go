package shipper

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"rundock/internal/svlog"
	"rundock/supervisor/shipper/spool"
)

// fluentTag is that of all events: labels tell them apart.
const fluentTag = "rundock"

// fluentEncoder makes an event of each line: its time, and log with labels.
func fluentEncoder(host, id string) encode {
	return func(to []byte, b spool.Batch, n note) []byte {
		l := n.Labels
		named := [][2]string{{"service", l.Service}, {"instance", l.Instance}, {"part", l.Part}, {"host", host}}
		if l.Stack != "" {
			named = append(named, [2]string{"stack", l.Stack})
		}
		header := msgp.AppendMapHeader(nil, uint32(len(named)+2))
		for _, label := range named {
			header = msgp.AppendString(msgp.AppendString(header, label[0]), label[1])
		}
		header = msgp.AppendString(header, "id")
		name := append([]byte(id), '-')
		begin := len(name)
		number := b.First
		for line := range eachLine(b.Data) {
			at, text := svlog.Split(line)
			if at.IsZero() {
				at = n.Read
			}
			to = appendEventTime(msgp.AppendArrayHeader(to, 2), at)
			to = append(to, header...)
			name = strconv.AppendUint(name[:begin], number, 10)
			to = msgp.AppendStringFromBytes(to, name)
			to = msgp.AppendString(to, "log")
			if !utf8.Valid(text) {
				text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
			}
			to = msgp.AppendStringFromBytes(to, text)
			number++
		}
		return to
	}
}

// appendEventTime appends the protocol's EventTime: extension 0, seconds and nanoseconds.
func appendEventTime(to []byte, at time.Time) []byte {
	to = append(to, 0xd7, 0)
	to = binary.BigEndian.AppendUint32(to, uint32(at.Unix()))
	return binary.BigEndian.AppendUint32(to, uint32(at.Nanosecond()))
}

// eachLine has the lines of data, without their newlines.
func eachLine(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			line, rest, _ := bytes.Cut(data, []byte("\n"))
			if !yield(line) {
				return
			}
			data = rest
		}
	}
}

// fluentSession sends by the forward protocol: a chunk, and then its acknowledgement.
type fluentSession struct {
	conn    *conn
	answers chan answer
	frame   []byte
}

// answer is the id of a chunk that the receiver has, or why there are no more answers.
type answer struct {
	id  string
	err error
}

func newFluentSession(c *conn) *fluentSession {
	s := &fluentSession{conn: c, answers: make(chan answer, 1)}
	go func() {
		for r := msgp.NewReader(c); ; {
			id, err := readAnswer(r)
			select {
			case s.answers <- answer{id, closedBy(err)}:
			case <-c.over:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *fluentSession) send(c chunk, _ func(uint64)) (acknowledged bool, err error) {
	b := msgp.AppendArrayHeader(s.frame[:0], 3)
	b = msgp.AppendString(b, fluentTag)
	b = msgp.AppendBytes(b, c.data)
	b = msgp.AppendMapHeader(b, 2)
	b = msgp.AppendInt(msgp.AppendString(b, "size"), c.lines)
	b = msgp.AppendString(msgp.AppendString(b, "chunk"), c.id)
	s.frame = b
	if err := s.conn.write(b); err != nil {
		return false, err
	}
	timer := time.NewTimer(s.conn.patience())
	defer timer.Stop()
	select {
	case <-timer.C:
		return false, errMute(s.conn.patience())
	case a := <-s.answers:
		if a.err == nil && a.id != c.id {
			a.err = fmt.Errorf("the receiver acknowledges the chunk %q, and %q was sent", a.id, c.id)
		}
		return a.err == nil, a.err
	}
}

// readAnswer reads the acknowledgement of a chunk.
func readAnswer(r *msgp.Reader) (id string, err error) {
	kind, err := r.NextType()
	if err != nil {
		return "", err
	}
	if kind == msgp.ArrayType {
		return "", errors.New("the receiver asks for a shared key or a user (HELO), which rundockd ship has not: want a source without <security>")
	}
	fields, err := r.ReadMapHeader()
	if err != nil {
		return "", err
	}
	found := false
	for range fields {
		key, err := r.ReadString()
		if err == nil && key == "ack" {
			id, err = r.ReadString()
			found = true
		} else if err == nil {
			err = r.Skip()
		}
		if err != nil {
			return "", err
		}
	}
	if !found {
		return "", errors.New("the receiver's answer has no ack")
	}
	return id, nil
}

func (s *fluentSession) broken() error {
	select {
	case a := <-s.answers:
		if a.err == nil {
			return fmt.Errorf("the receiver acknowledges the chunk %q, which was acknowledged", a.id)
		}
		return a.err
	default:
		return nil
	}
}

// finish has nothing to wait for: each chunk was acknowledged.
func (s *fluentSession) finish() error { return nil }
