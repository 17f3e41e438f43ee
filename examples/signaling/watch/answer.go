package watch

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"
)

// answer waits for events, up to a limit.
func (w *Watch) answer(ctx context.Context, q question) answer {
	r := w.find(q.Connection, proof(q.Proof))
	if r == nil {
		return answer{Number: q.Number, Problem: unknown}
	}
	enough := time.NewTimer(answerWithin)
	defer enough.Stop()
	for {
		events, ended, changed := r.read(q.After, batch)
		if len(events) > 0 || ended {
			return tell(q, events, ended)
		}
		select {
		case <-changed:
		case <-enough.C:
			return tell(q, nil, false)
		case <-ctx.Done():
			return tell(q, nil, false)
		}
	}
}

func tell(q question, events []Event, ended bool) answer {
	a := answer{Number: q.Number, Last: q.After, Ended: ended}
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			slog.Error("event not encoded", "error", err)
			continue
		}
		a.Events, a.Last = append(a.Events, line), e.N
	}
	return a
}

// reply answers a question of another server.
func (w *Watch) reply(to string, q question) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.answering >= maxAnswering {
		w.sendAnswer(to, answer{Number: q.Number, Problem: busy})
		return
	}
	w.answering++
	w.replies.Go(func() {
		w.sendAnswer(to, w.answer(w.ctx, q))
		w.mu.Lock()
		defer w.mu.Unlock()
		w.answering--
	})
}

func (w *Watch) sendAnswer(to string, a answer) {
	if err := w.send(to, message{Answer: &a}); err != nil {
		slog.Error("answer not encoded", "error", err)
	}
}
