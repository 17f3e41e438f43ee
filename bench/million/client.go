package million

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/bench/crowd"
)

// What is asked of a client. askTalk is followed by a space and a crowd.Plan.
const (
	askOpen     = "open"
	askTalk     = "talk"
	askReceive  = "receive"
	askFarewell = "farewell"
)

// clientAnswer is the answer to each of them.
type clientAnswer struct {
	Connections int
	Talk        *crowd.Talk     `json:",omitempty"`
	Received    int             `json:",omitempty"`
	Farewell    *crowd.Farewell `json:",omitempty"`
	Elapsed     time.Duration
	Error       string `json:",omitempty"`
}

type client struct {
	door        *crowd.Door
	connections int
	crowd       *crowd.Crowd
}

// Connect is the process of client number k of a server. It prints a line when it is there,
// and ends when its input does.
func Connect(server string, k, connections int) error {
	door, err := crowd.NewDoor(server, k, connections)
	if err != nil {
		return err
	}
	c := &client{door: door, connections: connections}
	fmt.Println("ready")
	return answerLines(c.answer)
}

func (c *client) answer(question string) any {
	var a clientAnswer
	start, ctx := time.Now(), context.Background() // whoever asks gives up in time
	what, plan, _ := strings.Cut(question, " ")
	var err error
	switch {
	case what == askOpen && c.crowd == nil:
		c.crowd, err = crowd.Open(ctx, c.door, c.connections)
		debug.FreeOSMemory()
	case c.crowd == nil:
		err = fmt.Errorf("%q is asked before %q", question, askOpen)
	case what == askTalk:
		var p crowd.Plan
		if err = json.Unmarshal([]byte(plan), &p); err == nil {
			a.Talk = new(crowd.Talk)
			*a.Talk, err = c.crowd.Talk(ctx, p)
		}
	case what == askReceive:
		a.Received, err = c.crowd.Receive(ctx, broadcastText)
	case what == askFarewell:
		a.Farewell = new(crowd.Farewell)
		*a.Farewell, err = c.crowd.Farewell(ctx)
	default:
		err = fmt.Errorf("nobody understands %q", question)
	}
	if c.crowd != nil {
		a.Connections = c.crowd.Len()
	}
	a.Elapsed = time.Since(start)
	if err != nil {
		a.Error = err.Error()
	}
	return a
}
