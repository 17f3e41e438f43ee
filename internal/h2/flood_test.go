package h2

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

var toBoth = []Role{Server, Client}

// floods are what a peer may send without end for next to nothing. Each ends in
// ENHANCE_YOUR_CALM, and at the pace of an honest peer in nothing.
var floods = map[string]struct {
	to  []Role
	one func(r *rig) []byte
}{
	"PING":                     {toBoth, func(r *rig) []byte { return raw(TypePing, 0, 0, make([]byte, 8)...) }},
	"PING acks":                {toBoth, func(r *rig) []byte { return raw(TypePing, FlagAck, 0, make([]byte, 8)...) }},
	"SETTINGS":                 {toBoth, func(r *rig) []byte { return settingsOf(4, 65535) }},
	"empty SETTINGS":           {toBoth, func(r *rig) []byte { return settingsOf() }},
	"empty DATA":               {toBoth, func(r *rig) []byte { return dataFrame(1, 0, "") }},
	"padding":                  {toBoth, func(r *rig) []byte { return dataFrame(1, FlagPadded, "\x00") }},
	"WINDOW_UPDATE":            {toBoth, func(r *rig) []byte { return update(1, 1) }},
	"connection WINDOW_UPDATE": {toBoth, func(r *rig) []byte { return update(0, 1) }},
	"PRIORITY":                 {[]Role{Server}, func(r *rig) []byte { return raw(TypePriority, 0, 99, 0, 0, 0, 0, 0) }},
	"PRIORITY_UPDATE":          {[]Role{Server}, func(r *rig) []byte { return raw(TypePriorityUpdate, 0, 0, 0, 0, 0, 1) }},
	"unknown frames":           {toBoth, func(r *rig) []byte { return raw(0x77, 0, 0) }},
	"GOAWAY":                   {[]Role{Client}, func(r *rig) []byte { return goAwayOf(maxStreamID, NoError, "") }},
	"1xx":                      {[]Role{Client}, func(r *rig) []byte { return r.head(3, 0, ":status: 103") }},
	"late HEADERS":             {[]Role{Client}, func(r *rig) []byte { return r.head(5, 0, ":status: 200") }},
	"late RST_STREAM":          {[]Role{Client}, func(r *rig) []byte { return resetOf(5, Cancel) }},
	"late empty DATA":          {[]Role{Client}, func(r *rig) []byte { return dataFrame(5, 0, "") }},
	// CVE-2023-44487
	"Rapid Reset": {[]Role{Server}, func(r *rig) []byte {
		id := r.table.remote + 2
		for st := range r.Streams() {
			if st.state.Over() {
				r.Release(st) // whatever serves it is quick
			}
		}
		return slices.Concat(r.head(id, 0, connectFields...), resetOf(id, Cancel))
	}},
	// CVE-2025-8671
	"MadeYouReset": {[]Role{Server}, func(r *rig) []byte {
		id := r.table.remote + 2
		for st := range r.Streams() {
			if st.state.Over() {
				r.Release(st)
			}
		}
		return slices.Concat(r.head(id, 0, connectFields...), update(id, 0))
	}},
	"malformed requests": {[]Role{Server}, func(r *rig) []byte { return r.head(r.table.remote+2, 0, ":method: GET") }},
	"requests after GOAWAY": {[]Role{Server}, func(r *rig) []byte {
		r.going.said = min(r.going.said, r.table.remote)
		return r.head(r.table.remote+2, 0, connectFields...)
	}},
}

func floodRig(t *testing.T, role Role) *rig {
	t.Helper()
	r := settled(t, role, Config{})
	r.opened()
	if role == Client {
		for range 2 { // 3 waits for its response, 5 was reset
			if _, err := r.Open(requestHead(), nil); err != nil {
				t.Fatal(err)
			}
		}
		r.Reset(r.table.find(5), Cancel)
	}
	r.flush()
	return r
}

func TestFloods(t *testing.T) {
	for name, flood := range floods {
		for _, role := range flood.to {
			t.Run(name+" to a "+role.String(), func(t *testing.T) {
				r := floodRig(t, role)
				n := 0
				for ; r.Err() == nil && n < 5000; n++ {
					r.receiveAll(flood.one(r))
					r.flush()
				}
				broken, ok := r.Err().(*ConnError)
				if !ok || broken.Code != EnhanceYourCalm || n > floodBurst+2*DefaultMaxStreams+1+lateFrames {
					t.Errorf("after %d: %v", n, r.Err())
				}
				if n < 100 {
					t.Errorf("after %d already", n)
				}
				// At an honest pace it goes on.
				r = floodRig(t, role)
				for range 5000 {
					r.now = r.now.Add(settingsCost * pointCost)
					r.receiveAll(flood.one(r))
					r.flush()
					r.Done()
				}
				if r.Err() != nil {
					t.Errorf("at its pace: %v", r.Err())
				}
				r.wire.Reset()
			})
		}
	}
}

// A peer that provokes answers and does not read them.
func TestAnswersThatWait(t *testing.T) {
	for name, one := range map[string]func(r *rig) []byte{
		"PING":     floods["PING"].one,
		"SETTINGS": floods["SETTINGS"].one,
		"requests": floods["malformed requests"].one,
	} {
		r := floodRig(t, Server)
		n := 0
		for ; r.Err() == nil && n < 5000; n++ {
			r.now = r.now.Add(time.Second)
			r.receiveAll(one(r))
		}
		broken, ok := r.Err().(*ConnError)
		if !ok || broken.Code != EnhanceYourCalm || n != maxReplies+1 {
			t.Errorf("%s: after %d: %v", name, n, r.Err())
		}
	}
	// One that sends many at once and then reads is none of these.
	r := floodRig(t, Server)
	for range 20 {
		r.now = r.now.Add(time.Hour)
		r.Ping([8]byte{}) // is before them
		for range maxReplies {
			r.receiveAll(floods["PING"].one(r))
		}
		r.flush()
	}
	if r.Err() != nil {
		t.Error(r.Err())
	}
	// Nor is a peer that reads slowly, but does.
	r = floodRig(t, Server)
	for range 5000 {
		r.now = r.now.Add(time.Second)
		r.receiveAll(floods["PING"].one(r))
		if r.outbox.pending() > 100*17 {
			r.Advance(17)
		}
	}
	if r.Err() != nil {
		t.Error(r.Err())
	}
}

// A peer that answers each frame of ours with two updates is honest. One that has us send a
// byte at a time is not.
func TestUpdatesAreEarned(t *testing.T) {
	r := settled(t, Server, Config{}, uint32(SettingInitialWindow), 100)
	st := r.opened()
	for range 20000 {
		if n := r.TrySend(st, []byte("twenty bytes of a me"), nil); n != 20 {
			t.Fatalf("%d bytes are sent: %v", n, r.Err())
		}
		r.Advance(len(r.Pending()))
		r.receiveAll(slices.Concat(update(1, 20), update(0, 20)))
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	r = settled(t, Server, Config{}, uint32(SettingInitialWindow), 0)
	st = r.opened()
	r.Send(st, &Chunk{Head: make([]byte, 50000)})
	n := 0
	for ; r.Err() == nil && n < 50000; n++ {
		r.receiveAll(update(1, 1))
		r.Advance(len(r.Pending()))
	}
	if broken, ok := r.Err().(*ConnError); !ok || broken.Code != EnhanceYourCalm {
		t.Errorf("after %d: %v", n, r.Err())
	}
}

// A peer may give the windows back as its application reads, be it by half a KiB and long after a
// large window was filled: that is what Go's net/http does, by 4 KiB.
func TestUpdatesInSmallPieces(t *testing.T) {
	const window, piece = 100 << 20, 512
	r := settled(t, Server, Config{}, uint32(SettingInitialWindow), window)
	r.hears("a window", update(0, window-initialWindow))
	st := r.opened()
	for sent, p := 0, make([]byte, MaxFrameSize); sent < window; r.Advance(len(r.Pending())) {
		n := r.TrySend(st, p, nil)
		if sent += n; n == 0 {
			t.Fatalf("%d bytes are sent: %v", sent, r.Err())
		}
	}
	for range window / piece {
		r.receiveAll(slices.Concat(update(1, piece), update(0, piece)))
	}
	if r.Err() != nil || r.flood.level > pointCost { // the window of the connection, at first
		t.Errorf("%v is charged, %v", r.flood.level, r.Err())
	}
}

// What an honest peer does with streams is not charged, however much of it there is at once.
func TestHonestPeers(t *testing.T) {
	for name, one := range map[string]func(r *rig, st *Stream) []byte{
		"ends without data":     func(r *rig, st *Stream) []byte { return dataFrame(st.id, FlagEndStream, "") },
		"ends with padding":     func(r *rig, st *Stream) []byte { return dataFrame(st.id, FlagEndStream|FlagPadded, "\x01\x00") },
		"padded data":           func(r *rig, st *Stream) []byte { return dataFrame(st.id, FlagPadded, "\x01x\x00") },
		"a reset after all":     func(r *rig, st *Stream) []byte { return resetOf(st.id, Cancel) },
		"a reset behind ours":   func(r *rig, st *Stream) []byte { r.Reset(st, Cancel); return resetOf(st.id, NoError) },
		"data that is too late": func(r *rig, st *Stream) []byte { r.Reset(st, Cancel); return dataFrame(st.id, 0, "x") },
	} {
		r := settled(t, Server, Config{})
		for range 5000 {
			st := r.opens((r.table.remote + 1) | 1)
			if err := r.Respond(st, &Head{Status: 200}); err != nil {
				t.Fatal(err)
			}
			in := one(r, st)
			r.flush()
			r.wire.Reset()
			r.receiveAll(in)
			r.Reset(st, Cancel)
			r.Release(st)
		}
		if r.Err() != nil || r.flood.level > 0 {
			t.Errorf("%s: %v is charged, %v", name, r.flood.level, r.Err())
		}
	}
}

// A server's answer to what nobody waits for any more, and the reset with which it ends each stream,
// are no flood. More late frames are.
func TestExpectedLateFrames(t *testing.T) {
	r := settled(t, Client, Config{}, uint32(SettingConnectProtocol), 1)
	late := func() {
		t.Helper()
		st := r.opened()
		r.Reset(st, Cancel)
		r.Release(st)
		r.receiveAll(append(r.head(st.id, 0, ":status: 200"), resetOf(st.id, NoError)...))
		r.flush()
	}
	for range 5000 {
		late()
	}
	if r.Err() != nil || r.flood.level > 0 {
		t.Errorf("%v is charged, %v", r.flood.level, r.Err())
	}
	st := r.opened()
	r.TrySend(st, []byte("on its way"), nil)
	r.flush()
	r.receiveAll(append(resetOf(st.id, InternalError), resetOf(st.id, StreamClosed)...))
	if r.flood.level > 0 {
		t.Errorf("%v is charged for the answer to DATA that was on its way", r.flood.level)
	}
	for range 4 {
		r.receiveAll(resetOf(st.id, NoError))
	}
	if r.flood.level == 0 {
		t.Error("more are not charged")
	}
}

// A client that keeps to the limit does not know that whatever serves its streams is slow to leave
// them. One that does not keep to it is charged.
func TestRefusedIsNotCharged(t *testing.T) {
	r := settled(t, Server, Config{MaxStreams: 10})
	over := r.opens(1)
	for id := uint32(3); id < 20; id += 2 {
		r.opens(id)
	}
	r.hears("it leaves", resetOf(1, Cancel), "reset by peer 1 CANCEL")
	level := r.flood.level
	for range 5000 {
		r.receiveAll(r.head(r.table.remote+2, 0, connectFields...))
		r.flush()
	}
	if r.Err() != nil || r.flood.level > level || r.InUse() != 10 {
		t.Errorf("%v is charged, %v", r.flood.level, r.Err())
	}
	r.Release(over)
	r.opens(r.table.remote + 2)
	r.receiveAll(r.head(r.table.remote+2, 0, connectFields...))
	if r.flood.level <= level {
		t.Errorf("%v is charged for one too many", r.flood.level)
	}
}

// Updates are not saved up without end.
func TestEarnedUpdatesAreBounded(t *testing.T) {
	r := settled(t, Server, Config{}, uint32(SettingInitialWindow), maxWindow)
	r.hears("a window", update(0, 1<<30))
	st := r.opened()
	for range maxEarned {
		r.TrySend(st, []byte("x"), nil)
		r.Advance(len(r.Pending()))
	}
	n := 0
	for ; r.Err() == nil; n++ {
		r.receiveAll(update(0, 1))
	}
	if n > maxEarned+floodBurst+2*DefaultMaxStreams+1+lateFrames {
		t.Errorf("%d updates", n)
	}
}

// All clients of a proxy may leave at once.
func TestManyResetsAtOnce(t *testing.T) {
	r := settled(t, Server, Config{MaxStreams: 10000})
	for id := uint32(1); id < 20000; id += 2 {
		r.opens(id)
	}
	for id := uint32(1); id < 20000; id += 2 {
		r.hears("it leaves", resetOf(id, Cancel), "reset by peer "+strconv.Itoa(int(id))+" CANCEL")
	}
}

// The clock may go back.
func TestFloodClock(t *testing.T) {
	var f flood
	f.init(noon, 0)
	f.now = noon.Add(-time.Hour)
	for range floodBurst {
		if err := f.charge(1, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if f.charge(1, "x") == nil {
		t.Error("nothing is charged")
	}
}
