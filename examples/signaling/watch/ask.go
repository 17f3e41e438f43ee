package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/hawser-ws/websocket/examples/signaling/bus"
)

// A page polls for the events after the last one it has, and the server of the connection
// answers as soon as there are any. A slow reader asks later and gets what is still kept, so
// nothing is buffered for readers.

const (
	batch        = 50               // events in an answer: at most about 100 KB
	answerWithin = 5 * time.Second  // even if nothing happens
	patience     = 10 * time.Second // for the answer of another server
	maxAnswering = 1000             // questions of other servers at a time
)

// ErrUnknown reports that the connection does not exist, or that the key does not match.
var ErrUnknown = errors.New("no such connection, or not with this key")

// ErrBusy reports more questions than a server answers at a time.
var ErrBusy = errors.New("too many are watching already")

// ErrSilent reports that the server of the connection does not answer.
var ErrSilent = errors.New("the server of the connection does not answer")

// question and answer travel between servers, in CBOR.
type question struct {
	Number     uint64 `cbor:"number"`
	Connection string `cbor:"connection"`
	Proof      []byte `cbor:"proof"`
	After      int64  `cbor:"after"`
}

type answer struct {
	Number  uint64   `cbor:"number"`
	Problem problem  `cbor:"problem,omitempty"`
	Events  [][]byte `cbor:"events,omitempty"` // in JSON
	Last    int64    `cbor:"last,omitempty"`   // the number of the last of them
	Ended   bool     `cbor:"ended,omitempty"`
}

type problem string

const (
	noProblem problem = ""
	unknown   problem = "unknown"
	busy      problem = "busy"
)

func (p problem) err() error {
	switch p {
	case noProblem:
		return nil
	case busy:
		return ErrBusy
	}
	return ErrUnknown
}

// message is a question or an answer.
type message struct {
	Question *question `cbor:"question,omitempty"`
	Answer   *answer   `cbor:"answer,omitempty"`
}

// Reading is one reader's position in the events of a connection.
type Reading struct {
	watch      *Watch
	connection string
	proof      proof
	after      int64
}

// Read begins to read the events of a connection. key is that of its member.
func (w *Watch) Read(id, key string) (*Reading, error) {
	if !connection.MatchString(id) {
		return nil, ErrUnknown
	}
	return &Reading{w, id, prove(key), 0}, nil
}

// Next waits for events, each in JSON on one line. It returns none from time to time. ended
// says that no more will follow.
func (r *Reading) Next(ctx context.Context) (events [][]byte, ended bool, err error) {
	q := question{Connection: r.connection, Proof: r.proof[:], After: r.after}
	var a answer
	if serverOf(r.connection) == r.watch.bus.ID() {
		a = r.watch.answer(ctx, q)
	} else if a, err = r.watch.ask(ctx, q); err != nil {
		return nil, false, err
	}
	if err := errors.Join(a.Problem.err(), ctx.Err()); err != nil {
		return nil, false, err
	}
	r.after = max(r.after, a.Last)
	return a.Events, a.Ended, nil
}

// ask asks the server of the connection.
func (w *Watch) ask(ctx context.Context, q question) (answer, error) {
	answers := make(chan answer, 1)
	w.mu.Lock()
	w.questions++
	q.Number = w.questions
	w.asking[q.Number] = asked{serverOf(q.Connection), answers}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.asking, q.Number)
	}()
	if err := w.send(serverOf(q.Connection), message{Question: &q}); err != nil {
		return answer{}, err
	}
	silence := time.NewTimer(patience)
	defer silence.Stop()
	select {
	case a := <-answers:
		return a, nil
	case <-silence.C:
		return answer{}, ErrSilent
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

func (w *Watch) send(to string, m message) error {
	body, err := cbor.Marshal(m)
	if err == nil {
		w.bus.Send(to, bus.Watch, body)
	}
	return err
}

// receive processes a message from another server.
func (w *Watch) receive(from string, body []byte) {
	var m message
	if err := cbor.Unmarshal(body, &m); err != nil {
		slog.Warn("another server sends what makes no sense", "id", from, "error", err)
		return
	}
	if q := m.Question; q != nil && len(q.Proof) == len(proof{}) && connection.MatchString(q.Connection) {
		w.reply(from, *q)
	}
	if a := m.Answer; a != nil {
		w.hear(from, *a)
	}
}

// hear passes an answer to the goroutine that waits for it.
func (w *Watch) hear(from string, a answer) {
	for i, e := range a.Events {
		var line bytes.Buffer // it must be JSON, and be written on one line
		if err := json.Compact(&line, e); err != nil {
			slog.Warn("another server sent an invalid event", "id", from, "error", fmt.Errorf("event %d: %w", i, err))
			return
		}
		a.Events[i] = line.Bytes()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if q := w.asking[a.Number]; q.answers != nil && q.server == from {
		select {
		case q.answers <- a:
		default: // a second answer
		}
	}
}
