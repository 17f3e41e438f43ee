package conn

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

func wantWaiting(t *testing.T, p *Pings, want int, why string) {
	t.Helper()
	if got := p.Waiting(); got != want {
		t.Errorf("%s: %d pings waiting, want %d", why, got, want)
	}
}

func wantAnswer(t *testing.T, p *Pings, payload [PingSize]byte, at time.Time, upTo uint64, rtt time.Duration, why string) {
	t.Helper()
	gotUpTo, gotRTT, ok := p.Pong(payload[:], at)
	if !ok || gotUpTo != upTo || gotRTT != rtt {
		t.Errorf("%s: answers up to %d in %v, %v; want %d in %v", why, gotUpTo, gotRTT, ok, upTo, rtt)
	}
}

func wantIgnored(t *testing.T, p *Pings, payload []byte, why string) {
	t.Helper()
	before := p.Waiting()
	if upTo, rtt, ok := p.Pong(payload, after(time.Hour)); ok || upTo != 0 || rtt != 0 {
		t.Errorf("%s: %x answers up to %d in %v, %v; want nothing", why, payload, upTo, rtt, ok)
	}
	wantWaiting(t, p, before, why)
}

// "A Pong frame sent in response to a Ping frame must have identical
// "Application data" as found in the message body of the Ping frame being
// replied to."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
func TestPongAnswersItsPing(t *testing.T) {
	var p Pings
	wantWaiting(t, &p, 0, "the zero value")
	seen := make(map[[PingSize]byte]bool)
	for i := range uint64(3) {
		number, payload := p.Send(after(time.Duration(i) * time.Second))
		if number != i+1 {
			t.Errorf("ping %d has number %d", i+1, number)
		}
		if seen[payload] {
			t.Errorf("payload %x used twice", payload)
		}
		seen[payload] = true
		wantWaiting(t, &p, 1, "after Send")
		wantAnswer(t, &p, payload, after(time.Duration(i)*time.Second+time.Millisecond), number, time.Millisecond, "its pong")
		wantIgnored(t, &p, payload[:], "the same pong again")
	}
}

// "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in
// response to previous Ping frame(s), the endpoint MAY elect to send a Pong
// frame for only the most recently processed Ping frame."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
func TestPongAnswersEarlierPings(t *testing.T) {
	var p Pings
	var payloads [6][PingSize]byte
	for i := 1; i <= 5; i++ {
		_, payloads[i] = p.Send(after(time.Duration(i) * time.Second))
	}
	wantAnswer(t, &p, payloads[3], after(10*time.Second), 3, 7*time.Second, "the third pong first")
	wantWaiting(t, &p, 2, "the fourth and fifth")
	wantIgnored(t, &p, payloads[1][:], "the first pong, late")
	wantIgnored(t, &p, payloads[2][:], "the second pong, late")
	wantAnswer(t, &p, payloads[4], after(11*time.Second), 4, 7*time.Second, "the fourth pong")
	wantAnswer(t, &p, payloads[5], after(12*time.Second), 5, 7*time.Second, "the fifth pong")
	wantWaiting(t, &p, 0, "all answered")
}

func TestForget(t *testing.T) {
	var p Pings
	var payloads [5][PingSize]byte
	for i := 1; i <= 4; i++ {
		_, payloads[i] = p.Send(after(time.Duration(i) * time.Second))
	}
	p.Forget(1)
	wantWaiting(t, &p, 3, "without the first")
	p.Forget(1)
	p.Forget(0)
	p.Forget(99)
	wantWaiting(t, &p, 3, "none of these waits")
	wantIgnored(t, &p, payloads[1][:], "the pong of a ping that nobody waits for")
	p.Forget(3)
	wantAnswer(t, &p, payloads[2], after(5*time.Second), 2, 3*time.Second, "the one before")
	wantAnswer(t, &p, payloads[4], after(5*time.Second), 4, time.Second, "the one after")
	wantWaiting(t, &p, 0, "all gone")

	number, _ := p.Send(noon)
	if number != 5 {
		t.Errorf("the next ping has number %d, want 5: a number is never used again", number)
	}
}

// The sender of a ping may give up while an earlier one is waited for. A peer
// that answers only the most recent ping must still satisfy the earlier one.
func TestPongOfForgottenPingAnswersEarlierPings(t *testing.T) {
	var p Pings
	p.Send(after(1 * time.Second))
	second, payload := p.Send(after(2 * time.Second))
	_, third := p.Send(after(3 * time.Second))
	p.Forget(second)
	wantAnswer(t, &p, payload, after(5*time.Second), 1, 4*time.Second, "the second pong, for the first ping")
	wantWaiting(t, &p, 1, "the third")
	wantAnswer(t, &p, third, after(6*time.Second), 3, 3*time.Second, "the third pong")
}

// "A Pong frame MAY be sent unsolicited."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
func TestUnsolicitedPong(t *testing.T) {
	var none, some Pings
	_, payload := some.Send(noon)
	for _, test := range []struct {
		why     string
		payload []byte
	}{
		{"no payload", nil},
		{"empty payload", []byte{}},
		{"a byte short", payload[:PingSize-1]},
		{"a byte long", append(payload[:], 0)},
		{"the longest there is", make([]byte, 125)},
		{"number zero", make([]byte, PingSize)},
		{"a number not yet sent", []byte{0, 0, 0, 0, 0, 0, 0, 2}},
		{"the last number there is", []byte{255, 255, 255, 255, 255, 255, 255, 255}},
		{"the other byte order", []byte{1, 0, 0, 0, 0, 0, 0, 0}},
	} {
		wantIgnored(t, &none, test.payload, test.why+", none waiting")
		wantIgnored(t, &some, test.payload, test.why+", one waiting")
		if n := testing.AllocsPerRun(100, func() { some.Pong(test.payload, noon) }); n != 0 {
			t.Errorf("%s: %v allocations", test.why, n)
		}
	}
	wantAnswer(t, &some, payload, after(time.Second), 1, time.Second, "the pong that was asked for")
}

// Keepalive runs for years: a ping and its pong reuse the same memory.
func TestPingSteadyState(t *testing.T) {
	var p Pings
	round := func() {
		_, payload := p.Send(noon)
		if _, _, ok := p.Pong(payload[:], noon); !ok {
			t.Fatal("the pong is ignored")
		}
	}
	p.Send(noon)
	memory := &p.waiting[0]
	p.Forget(1)
	if n := testing.AllocsPerRun(1000, round); n != 0 {
		t.Errorf("%v allocations for a ping and its pong", n)
	}
	// An allocation now and then would be lost in that average.
	if p.Send(noon); &p.waiting[0] != memory {
		t.Error("the pings have moved in memory, though never more than one waited")
	}
}
