package autobahn

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

	"github.com/hawser-ws/websocket/internal/naive"
)

var (
	offersForm = regexp.MustCompile(`^UNIMPLEMENTED if no permessage-deflate agreed; suite-as-client offers: (.*?)(?:; suite-as-server asks of client \(no_context_takeover, max_window_bits\)=\[(.*)\]; declines \(UNIMPLEMENTED\) if client did not offer that parameter)?(?:; frames estimated before compression)?$`)
	askForm    = regexp.MustCompile(`\((True|False), (\d+)\)`)
)

// checkRounds: a row of 1,000 messages. They are not all played, but for the
// smallest: the first one, to a peer that is silent, and the last ones.
func (f *fact) checkRounds(t *testing.T, judged Role, cs *Case) {
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
	if large := size > 4096; !large || judged == Server {
		f.checkFirstRound(t, judged, cs, extensions)
	}
	if large := size > 4096; !large || judged == Client {
		f.checkLastRounds(t, judged, cs, extensions, size)
	}
}

func (f *fact) checkFirstRound(t *testing.T, judged Role, cs *Case, extensions string) {
	kills, after := f.timing(t)
	name := fmt.Sprintf("%s, %v is silent", f.id, judged)
	r, m := playPiped(t, judged, cs, extensions, (*mate).awaitEnd)
	f.checkMessage(t, name, m.message(0), nil)
	f.checkFragments(t, name, m.frames[:len(m.frames)-1])
	if last := m.frames[len(m.frames)-1]; kills || last.Opcode != opClose || len(last.Payload) > 0 || last.at != after || m.messages != 1 {
		t.Errorf("%s: %d messages, then %s after %v; want one, and %s", name, m.messages, inShort(last.Frame), last.at, f.timer)
	}
	f.checkExpectations(t, name, r)
	f.checkSilentVerdicts(t, name, judged, r)
}

func (f *fact) checkLastRounds(t *testing.T, judged Role, cs *Case, extensions string, size int) {
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
	late.begin = func() play {
		p := cs.begin().(*rounds)
		p.sent = s.times - left
		return p
	}
	for _, row := range []struct {
		code     int
		behavior Verdict
		end      Verdict
	}{
		{1000, OK, OK},
		{notListed, OK, WrongCode},
	} {
		name := fmt.Sprintf("%s, %v echoes and closes with %d", f.id, judged, row.code)
		r, m := playPiped(t, judged, &late, extensions, func(m *mate) {
			var window []byte
			for i := range left {
				message := m.message(i)
				if m.messages != i+1 {
					t.Errorf("%s: %d messages before the echo of number %d", name, m.messages, i+1)
				}
				message.Payload = f.checkMessage(t, name, message, window)
				message.RSV1 = false
				m.send(message)
				window = append(slices.Clip(window), message.Payload...)
				window = window[max(0, len(window)-32<<10):]
			}
			m.answer(row.code)
		})
		if r.Behavior != row.behavior || r.BehaviorClose != row.end || m.messages != left {
			t.Errorf("%s: %s, %s after %d of %d messages: %s", name, r.Behavior, r.BehaviorClose, m.messages, left, r.Result)
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
func (f *fact) checkFragments(t *testing.T, name string, frames []sentFrame) {
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
func (f *fact) checkNegotiation(t *testing.T, judged Role, cs *Case) (extensions string) {
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
	if got := cs.offer.offer(); got != form[1] {
		t.Errorf("%s offers %q, want %q", f.id, got, form[1])
	}
	for i, ask := range asks {
		want := wish{ask[1] == "True", atoi(t, ask[2])}
		if len(asks) != len(cs.offer.wishes) || cs.offer.wishes[i] != want {
			t.Errorf("%s asks for %v, want %v", f.id, cs.offer.wishes, asks)
			break
		}
	}
	if judged == Client {
		return deflateName + "; client_no_context_takeover; client_max_window_bits"
	}
	first, _, _ := strings.Cut(form[1], ",")
	return strings.NewReplacer("; client_no_context_takeover", "", "; client_max_window_bits", "").Replace(first)
}

func (f *fact) checkNegotiationPlayed(t *testing.T, judged Role, cs *Case, offers string, asks [][]string) {
	r, m := playPiped(t, judged, cs, "", func(m *mate) { m.answer(1000) })
	if r.Behavior != Unimplemented || r.BehaviorClose != OK {
		t.Errorf("%s, %v agrees to nothing: %s, %s", f.id, judged, r.Behavior, r.BehaviorClose)
	}
	if got := m.head.get("Sec-WebSocket-Extensions"); judged == Server && got != offers {
		t.Errorf("%s sends the offer %q, want %q", f.id, got, offers)
	}
	if judged == Client {
		f.checkAsked(t, cs, asks, false)
		f.checkAsked(t, cs, asks, true)
	}
}

// checkAsked: the first that a client consents to is asked of it.
func (f *fact) checkAsked(t *testing.T, cs *Case, asks [][]string, bitsOffered bool) {
	offer := deflateName
	if bitsOffered {
		offer += "; client_max_window_bits"
	}
	want := ""
	for _, ask := range asks {
		if bitsOffered || ask[2] == "0" {
			want = deflateName
			if ask[1] == "True" {
				want += "; client_no_context_takeover"
			}
			if ask[2] != "0" {
				want += "; client_max_window_bits=" + ask[2]
			}
			break
		}
	}
	r, m := playPiped(t, Client, cs, offer, func(m *mate) {
		m.await(func(frames []sentFrame) bool { return len(frames) > 0 })
		m.sendClose(1000)
		time.Sleep(100 * time.Millisecond)
	})
	if got := m.head.get("Sec-WebSocket-Extensions"); got != want || (r.Behavior == Unimplemented) != (want == "") {
		t.Errorf("%s answers %q with %q, %s, want %q", f.id, offer, got, r.Behavior, want)
	}
}
