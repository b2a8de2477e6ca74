package container

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"
)

// frame is one message as the Engine API sends it.
func frame(stream byte, text string) []byte {
	h := make([]byte, 8, 8+len(text))
	h[0] = stream
	binary.BigEndian.PutUint32(h[4:], uint32(len(text)))
	return append(h, text...)
}

func TestFrames(t *testing.T) {
	var in []byte
	in = append(in, frame(1, "2026-11-21T04:00:00.000000001Z one\n")...)
	in = append(in, frame(2, "2026-11-21T04:00:00.000000002Z \n")...)
	piece := strings.Repeat("x", pieceSize)
	in = append(in, frame(1, "2026-11-21T04:00:00.000000003Z "+piece)...)
	in = append(in, frame(1, "2026-11-21T04:00:00.000000003Z the last piece")...)
	in = append(in, frame(1, "2026-11-21T04:00:00.000000004Z "+piece)...)
	in = append(in, frame(1, "2026-11-21T04:00:00.000000004Z ")...)
	var got []string
	err := decodeFrames(bufio.NewReader(bytes.NewReader(in)), func(m Message) error {
		got = append(got, m.Time.Format("05.000000000")+" "+string(m.Data))
		return nil
	})
	want := "00.000000001 one\n|00.000000002 \n|00.000000003 " + piece + "|00.000000003 the last piece\n|00.000000004 " + piece + "|00.000000004 \n"
	if err != nil || strings.Join(got, "|") != want {
		t.Errorf("frames = %q, %v; want %q", got, err, want)
	}
}

func TestFrames_says_what_is_wrong(t *testing.T) {
	for name, in := range map[string][]byte{
		"a header cut off":       {1, 0, 0},
		"a message cut off":      frame(1, "2026-11-21T04:00:00Z one\n")[:20],
		"a message without time": frame(1, "hello world\n"),
		"a frame of 4 GiB":       {1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
	} {
		if err := decodeFrames(bufio.NewReader(bytes.NewReader(in)), func(Message) error { return nil }); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
	stop := errors.New("enough")
	err := decodeFrames(bufio.NewReader(bytes.NewReader(frame(1, time.Now().Format(time.RFC3339Nano)+" x\n"))), func(Message) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("frames = %v, want the consumer's error", err)
	}
}
