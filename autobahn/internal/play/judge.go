package play

import "github.com/hawser-ws/websocket/autobahn/internal/verdict"

// Judge gives the verdicts on a connection that was open, once TCP is gone.
func Judge(r *verdict.Result, p Play) {
	p.Judge(r)
	verdict.JudgeEnd(r)
	if last, ok := p.(interface{ AfterClose(r *verdict.Result) }); ok {
		last.AfterClose(r)
	}
	verdict.AddNotes(r)
}
