package loop_test

import (
	"fmt"
	"testing"

	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// What arrives together may take several turns: nothing of it is left behind.
func TestMoreThanATurn(t *testing.T) {
	everyWay(t, func(t *testing.T, by way) {
		s := serve(t, by, echoes())
		p := s.play()
		var frames []naive.Frame
		for i := range 500 {
			frames = append(frames, wsplay.Frame(wsplay.OpPong, fmt.Sprint(i)))
		}
		frames = append(frames, wsplay.Fragment(wsplay.OpText, "a"))
		for range 500 {
			frames = append(frames, wsplay.Fragment(0, ""), wsplay.Frame(wsplay.OpPong, ""))
		}
		last := wsplay.Frame(0, "b")
		p.Send(append(frames, last, wsplay.Frame(wsplay.OpPing, "end"), wsplay.CloseFrame(4000, ""))...)
		p.Want("the message", wsplay.OpText, "ab")
		p.Want("the pong", wsplay.OpPong, "end")
		p.WantReply(4000)
	})
}
