package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// Batch is lines that were appended together.
type Batch struct {
	First uint64 // number of the first line
	Lines int
	Note  []byte
	Data  []byte // the lines, each with its newline
}

// Next is the number of the line after it.
func (b Batch) Next() uint64 { return b.First + uint64(b.Lines) }

const (
	frameSize  = 8
	headerSize = 16
	maxRecord  = 64 << 20 // what says that it is longer is no record
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errTorn    = errors.New("a record that was not written whole")
)

// encode appends b as a record.
func (b Batch) encode(to []byte) []byte {
	at := len(to)
	to = append(to, make([]byte, frameSize)...)
	to = binary.LittleEndian.AppendUint64(to, b.First)
	to = binary.LittleEndian.AppendUint32(to, uint32(b.Lines))
	to = binary.LittleEndian.AppendUint32(to, uint32(len(b.Note)))
	to = append(append(to, b.Note...), b.Data...)
	body := to[at+frameSize:]
	binary.LittleEndian.PutUint32(to[at:], uint32(len(body)))
	binary.LittleEndian.PutUint32(to[at+4:], crc32.Checksum(body, castagnoli))
	return to
}

// readRecord reads the record at a place of a segment, and returns the place after it.
// io.EOF: the segment ends there. errTorn: none is there that is whole. The batch is in
// buf, which is made larger where it has to be.
func readRecord(f *os.File, at int64, buf *[]byte) (b Batch, after int64, err error) {
	var frame [frameSize]byte
	if n, err := f.ReadAt(frame[:], at); err != nil {
		if err == io.EOF && n > 0 {
			err = errTorn
		}
		return b, at, err
	}
	size := binary.LittleEndian.Uint32(frame[:])
	if size < headerSize || size > maxRecord {
		return b, at, errTorn
	}
	if cap(*buf) < int(size) {
		*buf = make([]byte, size)
	}
	body := (*buf)[:size]
	if _, err := f.ReadAt(body, at+frameSize); err != nil {
		if err == io.EOF {
			err = errTorn
		}
		return b, at, err
	}
	note := binary.LittleEndian.Uint32(body[12:])
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(frame[4:]) || int64(note) > int64(size)-headerSize {
		return b, at, errTorn
	}
	rest := body[headerSize:]
	return Batch{
		First: binary.LittleEndian.Uint64(body), Lines: int(binary.LittleEndian.Uint32(body[8:])),
		Note: rest[:note], Data: rest[note:],
	}, at + frameSize + int64(size), nil
}

// scan has each record of a segment, and returns where they end.
func scan(f *os.File, each func(Batch)) (end int64, err error) {
	var buf []byte
	for {
		b, after, err := readRecord(f, end, &buf)
		switch {
		case err == io.EOF || errors.Is(err, errTorn):
			return end, nil
		case err != nil:
			return end, fmt.Errorf("read %s: %w", f.Name(), err)
		}
		each(b)
		end = after
	}
}
