package autobahn

import (
	"time"
)

// log adds an entry to the wire log, unless it is off.
func (s *session) log(e Entry) {
	if !s.result.CreateWirelog && e.Kind != logSwitch {
		return
	}
	e.Data = clipped(e.Data)
	s.result.Wirelog = append(s.result.Wirelog, e)
	s.result.Times = append(s.result.Times, time.Since(s.begun).Microseconds())
}

// logging turns the wire log on or off. It is off in cases that move megabytes.
func (s *session) logging(on bool) {
	if s.result.CreateWirelog != on {
		s.result.CreateWirelog = on
		s.log(Entry{Kind: logSwitch, On: on})
	}
}

func (s *session) logWrite(p []byte, sync bool) {
	s.result.TxOctetStats[len(p)]++
	s.log(Entry{Kind: logTxOctets, Length: len(p), Data: p, Sync: sync})
}
