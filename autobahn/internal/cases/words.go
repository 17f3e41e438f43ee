package cases

import (
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// The words in which the chapters are written. Frames:
var (
	text  = play.Text
	bin   = play.Binary
	ping  = play.Ping
	pong  = play.Pong
	cont  = play.Continuation
	whole = play.Whole
	part  = play.Part
	rsv   = play.RSV
)

// What comes:
var (
	gotText   = verdict.GotText
	gotBinary = verdict.GotBinary
	gotPong   = verdict.GotPong
)

// How a connection must end:
var (
	// weClose: the suite closes, the peer answers with a Close frame, and then the server ends
	// TCP.
	weClose = verdict.WeClose
	// theyFail: the peer fails the connection because of what it received.
	theyFail    = verdict.ExpectedClose{Codes: []int{1002}}
	theyFailFor = func(code int) verdict.ExpectedClose { return verdict.ExpectedClose{Codes: []int{code}} }
)
