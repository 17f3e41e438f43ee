package spool

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// A Place identifies a log that was put away.
type Place int64

// PutAway moves a complete log out of memory, together with about, its description. The log
// must not be used afterwards.
func (s *Store) PutAway(about []byte, l *Log) Place {
	parts := binary.AppendUvarint(nil, uint64(len(l.chunks)))
	for _, c := range l.chunks {
		parts = binary.AppendUvarint(parts, uint64(c.at))
		parts = binary.AppendUvarint(parts, uint64(c.size))
	}
	rest := l.buf
	s.size -= len(rest)
	*l = Log{}
	place := Place(s.away.first) + Place(len(s.away.buf))
	s.away.Append(binary.AppendUvarint(nil, uint64(len(about))), about, parts, rest)
	return place
}

// Fetch returns a log that was put away, and its description.
func (s *Store) Fetch(place Place) (about []byte, l *Log, err error) {
	p, err := s.away.at(int64(place))
	if err != nil {
		return nil, nil, err
	}
	number := func() uint64 {
		v, n := binary.Uvarint(p)
		p = p[n:]
		return v
	}
	n := number()
	about, p = p[:n], p[n:]
	l = s.NewLog()
	for range number() {
		l.chunks = append(l.chunks, chunk{l.first, int64(number()), int(number())})
		l.first += int64(l.chunks[len(l.chunks)-1].size)
	}
	l.buf = p
	return about, l, nil
}

// at returns the record at offset first of the log, in bytes.
func (l *Log) at(first int64) ([]byte, error) {
	if first >= l.first {
		p := l.buf[first-l.first:]
		size, n := binary.Uvarint(p)
		return p[n : n+int(size)], nil
	}
	i, found := slices.BinarySearchFunc(l.chunks, first, func(c chunk, first int64) int { return cmp.Compare(c.first, first) })
	if !found {
		i--
	}
	c := l.chunks[i]
	part := io.NewSectionReader(l.store.file, c.at+first-c.first, int64(c.size)-(first-c.first))
	var size [binary.MaxVarintLen64]byte
	n, err := part.ReadAt(size[:], 0)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	length, n := binary.Uvarint(size[:n])
	p := make([]byte, length)
	if _, err := part.ReadAt(p, int64(n)); err != nil && (err != io.EOF || length > 0) {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	return p, nil
}
