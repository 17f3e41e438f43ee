// Package spool keeps records of many logs at once, in memory up to a bound and in a
// temporary file beyond it. What is known of a capture grows with the capture, and is
// printed by connection while the packets of all connections come mixed.
//
// A log takes memory as long as it grows. One that is complete is put away, and then
// is no more than a place, 8 bytes.
package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// A Store holds logs. Its zero value is not ready: see New.
type Store struct {
	limit int
	size  int // bytes in the buffers of logs
	dirty []*Log
	away  *Log // what was put away
	file  *os.File
	name  string // what is to be removed at the end
	end   int64
	err   error
}

// New returns a Store that keeps limit bytes in memory.
func New(limit int) *Store {
	s := &Store{limit: limit}
	s.away = s.NewLog()
	return s
}

// A Log is a sequence of records.
type Log struct {
	store  *Store
	chunks []chunk
	buf    []byte
	first  int64 // bytes of the log before buf
	dirty  bool
}

// chunk is a part of a log in the file.
type chunk struct {
	first int64 // bytes of the log before it
	at    int64
	size  int
}

// NewLog returns an empty log.
func (s *Store) NewLog() *Log { return &Log{store: s} }

// Append adds a record, which is its parts one after the other. An error is kept for
// [Store.Err], and then nothing is added any more.
func (l *Log) Append(parts ...[]byte) {
	s := l.store
	if s.err != nil {
		return
	}
	before, size := len(l.buf), 0
	for _, part := range parts {
		size += len(part)
	}
	l.buf = binary.AppendUvarint(l.buf, uint64(size))
	for _, part := range parts {
		l.buf = append(l.buf, part...)
	}
	s.size += len(l.buf) - before
	if !l.dirty {
		l.dirty = true
		s.dirty = append(s.dirty, l)
	}
	if s.size > s.limit {
		s.err = s.spill()
	}
}

// spill moves all buffers into the file.
func (s *Store) spill() error {
	if s.file == nil {
		file, err := os.CreateTemp("", "ws-trace-*")
		if err != nil {
			return fmt.Errorf("temporary file: %w", err)
		}
		s.file = file
		// Where a file may lose its name while it is open, nothing is left of it however the
		// program ends.
		if os.Remove(file.Name()) != nil {
			s.name = file.Name()
		}
	}
	for _, l := range s.dirty {
		if !l.dirty {
			continue // put away
		}
		if _, err := s.file.WriteAt(l.buf, s.end); err != nil {
			return fmt.Errorf("temporary file: %w", err)
		}
		l.chunks = append(l.chunks, chunk{l.first, s.end, len(l.buf)})
		s.end += int64(len(l.buf))
		l.first += int64(len(l.buf))
		l.buf, l.dirty = nil, false
	}
	clear(s.dirty)
	s.dirty, s.size = s.dirty[:0], 0
	return nil
}

// Err is why records are missing, if they are.
func (s *Store) Err() error { return s.err }

// Spilled is how many bytes are in the temporary file.
func (s *Store) Spilled() int64 { return s.end }

// Close removes the temporary file.
func (s *Store) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.name != "" {
		err = errors.Join(err, os.Remove(s.name))
	}
	return err
}

// All yields the records of the log, which are valid until the next one.
func (l *Log) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var part []byte
		for _, c := range l.chunks {
			if cap(part) < c.size {
				part = make([]byte, c.size)
			}
			part = part[:c.size]
			if _, err := l.store.file.ReadAt(part, c.at); err != nil && err != io.EOF {
				yield(nil, fmt.Errorf("temporary file: %w", err))
				return
			}
			if !records(part, yield) {
				return
			}
		}
		records(l.buf, yield)
	}
}

func records(p []byte, yield func([]byte, error) bool) bool {
	for len(p) > 0 {
		size, n := binary.Uvarint(p)
		record := p[n : n+int(size)]
		p = p[n+int(size):]
		if !yield(record, nil) {
			return false
		}
	}
	return true
}
