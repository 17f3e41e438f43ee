package cases

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/autobahn/internal/mate"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

var (
	offersForm = regexp.MustCompile(`^UNIMPLEMENTED if no permessage-deflate agreed; suite-as-client offers: (.*?)(?:; suite-as-server asks of client \(no_context_takeover, max_window_bits\)=\[(.*)\]; declines \(UNIMPLEMENTED\) if client did not offer that parameter)?(?:; frames estimated before compression)?$`)
	askForm    = regexp.MustCompile(`\((True|False), (\d+)\)`)
)

// checkRounds: a row of 1,000 messages. They are not all played, but for the
// smallest: the first one, to a peer that is silent, and the last ones.
func (f *fact) checkRounds(t *testing.T, judged verdict.Role, cs *play.Case) {
	s := f.sends[0]
	size := s.length
	if s.file == "" {
		size = len(s.payload)
	}
	if f.msgs != s.times || f.size != s.times*size || s.most == 0 && f.frames != s.times {
		t.Errorf("%s: the row has %d messages, %d bytes, %d frames for %d of %d", f.id, f.msgs, f.size, f.frames, s.times, size)
	}
	extensions := f.checkNegotiation(t, judged, cs)
	// Of what is large each role has a half: it is the same for both.
	if large := size > 4096; !large || judged == verdict.Server {
		f.checkFirstRound(t, judged, cs, extensions)
	}
	if large := size > 4096; !large || judged == verdict.Client {
		f.checkLastRounds(t, judged, cs, extensions, size)
	}
}

func (f *fact) checkFirstRound(t *testing.T, judged verdict.Role, cs *play.Case, extensions string) {
	kills, after := f.timing(t)
	name := fmt.Sprintf("%s, %v is silent", f.id, judged)
	r, m := mate.Play(t, judged, cs, extensions, (*mate.Mate).AwaitEnd)
	f.checkMessage(t, name, m.Message(0), nil)
	f.checkFragments(t, name, m.Frames[:len(m.Frames)-1])
	if last := m.Frames[len(m.Frames)-1]; kills || last.Opcode != play.OpClose || len(last.Payload) > 0 || last.At != after || m.Messages != 1 {
		t.Errorf("%s: %d messages, then %s after %v; want one, and %s", name, m.Messages, inShort(last.Frame), last.At, f.timer)
	}
	f.checkExpectations(t, name, r)
	f.checkSilentVerdicts(t, name, judged, r)
}

func (f *fact) checkLastRounds(t *testing.T, judged verdict.Role, cs *play.Case, extensions string, size int) {
	s := f.sends[0]
	// All 1,000 where they are small, and elsewhere the last ones: the play is
	// the same.
	left := 2
	switch {
	case f.id == "12.1.1", s.file == "" && size <= 16:
		left = s.times
	case size > 4096:
		left = 1
	}
	late := *cs
	late.Begin = func() play.Play {
		p := cs.Begin().(*play.Rounds)
		p.Sent = s.times - left
		return p
	}
	for _, row := range []struct {
		code     int
		behavior verdict.Verdict
		end      verdict.Verdict
	}{
		{1000, verdict.OK, verdict.OK},
		{notListed, verdict.OK, verdict.WrongCode},
	} {
		name := fmt.Sprintf("%s, %v echoes and closes with %d", f.id, judged, row.code)
		r, m := mate.Play(t, judged, &late, extensions, func(m *mate.Mate) {
			var window []byte
			for i := range left {
				message := m.Message(i)
				if m.Messages != i+1 {
					t.Errorf("%s: %d messages before the echo of number %d", name, m.Messages, i+1)
				}
				message.Payload = f.checkMessage(t, name, message, window)
				message.RSV1 = false
				m.Send(message)
				window = append(slices.Clip(window), message.Payload...)
				window = window[max(0, len(window)-32<<10):]
			}
			m.Answer(row.code)
		})
		if r.Behavior != row.behavior || r.BehaviorClose != row.end || m.Messages != left {
			t.Errorf("%s: %s, %s after %d of %d messages: %s", name, r.Behavior, r.BehaviorClose, m.Messages, left, r.Result)
		}
		if left != 2 {
			break
		}
	}
}

// checkMessage holds a message against the row, and inflates it with window, the
// end of those before it.
func (f *fact) checkMessage(t *testing.T, name string, message naive.Frame, window []byte) []byte {
	s := f.sends[0]
	if message.Opcode != opcodeOf(s.verb) || message.RSV1 != (s.file != "") {
		t.Errorf("%s: sent is %s, want %s", name, inShort(message), s.verb)
	}
	if s.file == "" {
		if !bytes.Equal(message.Payload, s.payload) {
			t.Errorf("%s: sent is %s, want %q", name, inShort(message), s.payload)
		}
		return message.Payload
	}
	in := io.MultiReader(bytes.NewReader(message.Payload), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))
	payload, err := io.ReadAll(flate.NewReaderDict(in, window))
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	n := len(payload)
	if s.verb == "text" {
		n = utf8.RuneCount(payload)
	}
	if n != s.length {
		t.Errorf("%s: a message of %d, want %d", name, n, s.length)
	}
	return payload
}

// checkFragments: all frames but the last are as full as may be.
func (f *fact) checkFragments(t *testing.T, name string, frames []mate.SentFrame) {
	most := f.sends[0].most
	for i, frame := range frames {
		switch last := i == len(frames)-1; {
		case most == 0 && !last, frame.FIN != last, !last && len(frame.Payload) != most,
			last && most > 0 && len(frames) > 1 && len(frame.Payload) >= most, len(frame.Payload) > most && most > 0:
			t.Errorf("%s: frame %d of %d is %s, want at most %d bytes", name, i, len(frames), inShort(frame.Frame), most)
			return
		}
	}
}

// checkNegotiation: what the suite offers a server and asks of a client. It
// returns what the mate has to say to have it so.
func (f *fact) checkNegotiation(t *testing.T, judged verdict.Role, cs *play.Case) (extensions string) {
	form := offersForm.FindStringSubmatch(f.notes)
	if form == nil {
		if f.notes != "" || f.sends[0].file != "" {
			t.Errorf("%s: cannot read the note %q", f.id, f.notes)
		}
		return ""
	}
	asks := askForm.FindAllStringSubmatch(form[2], -1)
	if form[2] == "" {
		asks = [][]string{{"", "False", "0"}} // chapter 12 asks for nothing
	}
	if f.sends[0].length <= 16 {
		// All cases of a group share a negotiation; that is checked below.
		f.checkNegotiationPlayed(t, judged, cs, form[1], asks)
	}
	if got := cs.Offer.Offer(); got != form[1] {
		t.Errorf("%s offers %q, want %q", f.id, got, form[1])
	}
	for i, ask := range asks {
		want := play.Wish{NoTakeover: ask[1] == "True", Bits: atoi(t, ask[2])}
		if len(asks) != len(cs.Offer.Wishes) || cs.Offer.Wishes[i] != want {
			t.Errorf("%s asks for %v, want %v", f.id, cs.Offer.Wishes, asks)
			break
		}
	}
	if judged == verdict.Client {
		return play.DeflateName + "; client_no_context_takeover; client_max_window_bits"
	}
	first, _, _ := strings.Cut(form[1], ",")
	return strings.NewReplacer("; client_no_context_takeover", "", "; client_max_window_bits", "").Replace(first)
}

func (f *fact) checkNegotiationPlayed(t *testing.T, judged verdict.Role, cs *play.Case, offers string, asks [][]string) {
	r, m := mate.Play(t, judged, cs, "", func(m *mate.Mate) { m.Answer(1000) })
	if r.Behavior != verdict.Unimplemented || r.BehaviorClose != verdict.OK {
		t.Errorf("%s, %v agrees to nothing: %s, %s", f.id, judged, r.Behavior, r.BehaviorClose)
	}
	if got := m.Head.Get("Sec-WebSocket-Extensions"); judged == verdict.Server && got != offers {
		t.Errorf("%s sends the offer %q, want %q", f.id, got, offers)
	}
	if judged == verdict.Client {
		f.checkAsked(t, cs, asks, false)
		f.checkAsked(t, cs, asks, true)
	}
}

// checkAsked: the first that a client consents to is asked of it.
func (f *fact) checkAsked(t *testing.T, cs *play.Case, asks [][]string, bitsOffered bool) {
	offer := play.DeflateName
	if bitsOffered {
		offer += "; client_max_window_bits"
	}
	want := ""
	for _, ask := range asks {
		if bitsOffered || ask[2] == "0" {
			want = play.DeflateName
			if ask[1] == "True" {
				want += "; client_no_context_takeover"
			}
			if ask[2] != "0" {
				want += "; client_max_window_bits=" + ask[2]
			}
			break
		}
	}
	r, m := mate.Play(t, verdict.Client, cs, offer, func(m *mate.Mate) {
		m.Await(func(frames []mate.SentFrame) bool { return len(frames) > 0 })
		m.SendClose(1000)
		time.Sleep(100 * time.Millisecond)
	})
	if got := m.Head.Get("Sec-WebSocket-Extensions"); got != want || (r.Behavior == verdict.Unimplemented) != (want == "") {
		t.Errorf("%s answers %q with %q, %s, want %q", f.id, offer, got, r.Behavior, want)
	}
}
