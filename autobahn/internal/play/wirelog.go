package play

import (
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// mostLogged is how many entries a wire log may have. A peer can send a million Pings, and each of
// them takes four.
const mostLogged = 10_000

// log adds an entry to the wire log, unless it is off.
func (s *Session) log(e verdict.Entry) {
	if !s.Result.CreateWirelog && e.Kind != verdict.LogSwitch {
		return
	}
	if len(s.Result.Wirelog) >= mostLogged && e.Kind != verdict.LogSwitch {
		s.Logging(false)
		return
	}
	e.Data = verdict.Clipped(e.Data)
	s.Result.Wirelog = append(s.Result.Wirelog, e)
	s.Result.Times = append(s.Result.Times, time.Since(s.begun).Microseconds())
}

// Logging turns the wire log on or off. It is off in cases that move megabytes, and goes
// off in floods.
func (s *Session) Logging(on bool) {
	if s.Result.CreateWirelog != on {
		s.Result.CreateWirelog = on
		s.log(verdict.Entry{Kind: verdict.LogSwitch, On: on})
	}
}

func (s *Session) logWrite(p []byte, sync bool) {
	s.Result.TxOctetStats[len(p)]++
	s.log(verdict.Entry{Kind: verdict.LogTxOctets, Length: len(p), Data: p, Sync: sync})
}
