package trace

import (
	"encoding/json"
	"iter"

	"github.com/hawser-ws/websocket/cmd/ws/trace/spool"
)

// finished is all that stays in memory of a conversation that is over.
type finished struct {
	stream      int32
	http2Stream uint32
	place       spool.Place
}

// Kept is a conversation stored for printing. Its events are stored as JSON, each preceded by
// the direction of the frame or by ofNote.
type Kept struct {
	summary []byte
	events  *spool.Log
}

// Number returns how many conversations [Trace.Kept] yields.
func (t *Trace) Number() int { return len(t.done) }

// Kept yields the conversations in the order of their stream numbers.
func (t *Trace) Kept() iter.Seq2[*Kept, error] {
	return func(yield func(*Kept, error) bool) {
		for _, f := range t.done {
			summary, events, err := t.store.Fetch(f.place)
			if !yield(&Kept{summary, events}, err) || err != nil {
				return
			}
		}
	}
}

// Conversation returns everything known about the conversation.
func (k *Kept) Conversation() (*Conversation, error) {
	c := &Conversation{}
	return c, json.Unmarshal(k.summary, c)
}

const ofNote byte = 0xff

// Events yields frames and notes in the order in which they ended.
func (k *Kept) Events() iter.Seq2[*Event, error] {
	return k.some(func(byte) bool { return true })
}

// Frames yields the frames of one direction.
func (k *Kept) Frames(d Dir) iter.Seq2[*Frame, error] {
	return func(yield func(*Frame, error) bool) {
		for e, err := range k.some(func(of byte) bool { return of == byte(d) }) {
			if !yield(e.Frame, err) {
				return
			}
		}
	}
}

func (k *Kept) some(wanted func(of byte) bool) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		for p, err := range k.events.All() {
			e := &Event{}
			if err == nil {
				if !wanted(p[0]) {
					continue
				}
				err = json.Unmarshal(p[1:], e)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Raw yields the events as JSON. Each is valid until the next one.
func (k *Kept) Raw() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for p, err := range k.events.All() {
			if err == nil {
				p = p[1:]
			}
			if !yield(p, err) {
				return
			}
		}
	}
}
