// Package spool keeps records of many logs at once: in memory up to a limit, beyond it in a
// temporary file. Results grow with the capture and are printed by connection, while the
// packets of all connections arrive interleaved.
//
// A log uses memory while it grows. A complete one is put away; then only its [Place] remains
// in memory, 8 bytes.
package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// A Store holds logs. Create it with [New]; the zero value is not usable.
type Store struct {
	limit int
	size  int // bytes in the buffers of logs
	dirty []*Log
	away  *Log // logs that were put away
	file  *os.File
	name  string // file to remove at the end
	end   int64
	err   error
}

// New returns a Store that keeps at most limit bytes in memory.
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

// chunk is a part of a log that is in the file.
type chunk struct {
	first int64 // bytes of the log before it
	at    int64
	size  int
}

// NewLog returns an empty log.
func (s *Store) NewLog() *Log { return &Log{store: s} }

// Append adds one record, the concatenation of parts. After an error, which [Store.Err]
// returns, it adds nothing more.
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
		// Where an open file can be unlinked, nothing is left of it however the program ends.
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

// Err returns why records are missing, or nil if none are.
func (s *Store) Err() error { return s.err }

// Spilled returns the number of bytes in the temporary file.
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

// All yields the records of the log. Each is valid until the next one.
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
