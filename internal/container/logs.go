package container

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/container"
)

// pieceSize is where Docker cuts long lines.
const pieceSize = 16 << 10

// Message is one message of a container's log: a line with its newline, or a
// piece of a long line, of pieceSize bytes, without one. The last piece has
// the newline.
type Message struct {
	Time time.Time // given by the daemon; several messages may share one
	Data []byte    // valid until the next message
}

// Logs calls on with each message of the container's log, stdout and stderr
// in the daemon's order, from since (inclusive; zero is the beginning). With
// follow it goes on until the container stops and its log has ended, else
// until the present end. It returns on's error, or why the stream broke off.
func (c *Client) Logs(ctx context.Context, id string, since time.Time, follow bool, on func(Message) error) error {
	o := container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: follow}
	if !since.IsZero() {
		o.Since = fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond())
	}
	body, err := c.api().ContainerLogs(ctx, id, o)
	if err != nil {
		return fmt.Errorf("read log of container %s: %w", short(id), err)
	}
	defer body.Close()
	err = decodeFrames(bufio.NewReaderSize(body, 64<<10), on)
	if err != nil {
		return fmt.Errorf("read log of container %s: %w", short(id), err)
	}
	return nil
}

// Tail returns the last n lines of the log of the container with this name or id.
func (c *Client) Tail(ctx context.Context, name string, n int) (string, error) {
	id, err := c.resolve(ctx, name)
	if err != nil {
		return "", fmt.Errorf("read log of container %s: %w", short(name), err)
	}
	body, err := c.api().ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Tail: fmt.Sprint(n)})
	if err != nil {
		return "", fmt.Errorf("read log of container %s: %w", short(id), err)
	}
	defer body.Close()
	var out bytes.Buffer
	err = decodeFrames(bufio.NewReader(body), func(m Message) error { out.Write(m.Data); return nil })
	return out.String(), err
}

// maxFrame bounds a frame: Docker's are 16 KiB and a little.
const maxFrame = 1 << 20

// decodeFrames decodes the Engine API's multiplexed stream: a header of 8 bytes
// (stream, 0, 0, 0, big-endian length), then "<RFC 3339 time> <message>".
func decodeFrames(r *bufio.Reader, on func(Message) error) error {
	var header [8]byte
	var buf []byte
	for {
		if _, err := io.ReadFull(r, header[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(header[4:]))
		if n > maxFrame {
			return fmt.Errorf("a frame of %d bytes", n)
		}
		if cap(buf) < n {
			buf = make([]byte, n)
		}
		buf = buf[:n]
		if _, err := io.ReadFull(r, buf); err != nil {
			return err
		}
		stamp, data, _ := bytes.Cut(buf, []byte(" "))
		t, err := time.Parse(time.RFC3339Nano, string(stamp))
		if err != nil {
			return fmt.Errorf("a message without a time: %.60q", buf)
		}
		// Docker's local driver forgets the newline of a last piece (20.10),
		// and an end of output has none either.
		if len(data) < pieceSize && !bytes.HasSuffix(data, []byte("\n")) {
			data = append(data, '\n')
		}
		if err := on(Message{t, data}); err != nil {
			return err
		}
	}
}
