// Package snapshot keeps the last known records in a file, for a start without
// the store, and for the process that takes over from another.
//
// The format is gzip, whose checksum and length tell a damaged file, around one
// line of JSON (Header) and then each record: key and value, each after its
// length as a varint. Values are the JSON the store has, less what DNS does
// not need.
package snapshot

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// format names what a file is; another layout gets another name.
const format = "dnsd snapshot 1"

// Limits of what is read: a file beyond them is none of ours.
const (
	maxHeader  = 4 << 10
	maxKey     = 4 << 10
	maxValue   = 2 << 20 // etcd takes 1.5 MiB
	maxRecords = 4_000_000
	maxBytes   = 4 << 30 // unpacked
)

// A Header says what a snapshot is of.
type Header struct {
	Format   string    `json:"format"`
	Prefix   string    `json:"prefix"`   // of the keys
	Cluster  uint64    `json:"cluster"`  // of etcd; 0: not known
	Revision int64     `json:"revision"` // of the store
	Written  time.Time `json:"written"`
}

// Encode writes a snapshot, and returns how many records it has.
func Encode(w io.Writer, h Header, records iter.Seq2[string, []byte]) (int, error) {
	// The data are many similar lines: the fastest level packs them tenfold.
	packed, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(packed, 1<<16)
	h.Format = format
	line, err := json.Marshal(h)
	if err != nil {
		return 0, err
	}
	out.Write(append(line, '\n'))
	n := 0
	var length [binary.MaxVarintLen64]byte
	for key, value := range records {
		for _, b := range [][]byte{[]byte(key), value} {
			out.Write(length[:binary.PutUvarint(length[:], uint64(len(b)))])
			if _, err := out.Write(b); err != nil {
				return n, err
			}
		}
		n++
	}
	if err := out.Flush(); err != nil {
		return n, err
	}
	return n, packed.Close()
}

// errForeign is of a file that is no snapshot, or one of another prefix.
var errForeign = errors.New("not a snapshot of these records")

// Decode reads a snapshot of the keys under prefix. It reads all of r once and
// checks it, then gives the records by reading it again: nothing of a damaged
// file is ever used, and memory holds one record.
func Decode(r io.ReadSeeker, prefix string) (Header, iter.Seq2[string, []byte], error) {
	var h Header
	err := read(r, prefix, &h, func(string, []byte) bool { return true })
	if err != nil {
		return Header{}, nil, err
	}
	return h, func(yield func(string, []byte) bool) {
		var again Header
		read(r, prefix, &again, yield)
	}, nil
}

// read gives each record until yield says no; without a no it reads to the
// end, where the checksum is.
func read(r io.ReadSeeker, prefix string, h *Header, yield func(string, []byte) bool) error {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	unpacked, err := gzip.NewReader(r)
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.EOF) {
		return errForeign
	}
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(io.LimitReader(unpacked, maxBytes), 1<<16)
	line, err := in.ReadSlice('\n')
	if err != nil || len(line) > maxHeader || json.Unmarshal(line, h) != nil || h.Format != format {
		return errForeign
	}
	if h.Prefix != prefix {
		return fmt.Errorf("%w: its keys are under %.100q, not %s", errForeign, h.Prefix, prefix)
	}
	for n := 0; ; n++ {
		key, err := field(in, maxKey)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		value, err := field(in, maxValue)
		if err != nil || n == maxRecords {
			return fmt.Errorf("record %d: %w", n, unexpected(err))
		}
		if !yield(string(key), value) {
			return nil
		}
	}
}

// field reads one length and as many bytes; io.EOF where nothing is left.
func field(in *bufio.Reader, most uint64) ([]byte, error) {
	length, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, err
	}
	if length > most {
		return nil, fmt.Errorf("%d bytes long, at most %d are taken", length, most)
	}
	b := make([]byte, length)
	if _, err := io.ReadFull(in, b); err != nil {
		return nil, unexpected(err)
	}
	return b, nil
}

func unexpected(err error) error {
	if err == nil {
		return errors.New("too many records")
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
