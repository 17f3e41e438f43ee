package cases

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/internal/naive"
)

// chapter9: messages up to 16 MiB, in up to 65,537 frames, and the time for 1,000 messages one
// after the other. Unlike the original, it compares the echo byte by byte.
func chapter9() (cases []*play.Case) {
	const text9, binary9 = pattern, "\x00\xfe#\xfa\xf0"
	add := func(c *play.Case) { cases = append(cases, c) }
	for i, kib := range []int{64, 256, 1024, 4096, 8192, 16384} {
		patience := 100 * time.Second
		if i < 2 {
			patience = 10 * time.Second
		}
		add(big(fmt.Sprintf("9.1.%d", i+1), text(text9), kib, patience, "", play.Send))
	}
	for i, kib := range []int{64, 256, 1024, 4096, 8192, 16384} {
		patience := 10 * time.Second
		if i > 3 {
			patience = 100 * time.Second
		}
		add(big(fmt.Sprintf("9.2.%d", i+1), bin(binary9), kib, patience, "", play.Send))
	}
	for group, f := range []naive.Frame{text("*"), bin("*")} {
		for i := range 9 {
			n := 64 << (2 * i)
			fragments := func(frames ...naive.Frame) play.Step { return play.SendFragments(n, frames[0]) }
			f := f
			if f.Opcode == play.OpBinary && i == 0 {
				f = bin("\xfe") // as in the original
			}
			add(big(fmt.Sprintf("9.%d.%d", group+3, i+1), f, 4096, 100*time.Second, fmt.Sprintf(" in fragments of %d bytes", n), fragments))
		}
	}
	for group, f := range []naive.Frame{text(text9), bin(binary9)} {
		for i := range 6 {
			n := 64 << i
			pieces := func(frames ...naive.Frame) play.Step { return play.SendChopped(n, frames...) }
			add(big(fmt.Sprintf("9.%d.%d", group+5, i+1), f, 1024, 1000*time.Second, fmt.Sprintf(" written in pieces of %d bytes", n), pieces))
		}
	}
	for group, f := range []naive.Frame{text("*"), bin("\xfe")} {
		for i, n := range []int{0, 16, 64, 256, 1024, 4096} {
			patience := []time.Duration{60, 60, 60, 120, 240, 480}[i] * time.Second
			add(oneByOne(fmt.Sprintf("9.%d.%d", group+7, i+1), f, n, patience))
		}
	}
	return cases
}

// kind names the type of a message.
func kind(opcode byte) string {
	if opcode == play.OpText {
		return "text"
	}
	return "binary"
}

// big returns a case of one big message that repeats f's payload.
func big(id string, f naive.Frame, kib int, patience time.Duration, how string, sends func(...naive.Frame) play.Step) *play.Case {
	return &play.Case{
		ID:          id,
		Description: fmt.Sprintf("A %s message of %d KiB%s.", kind(f.Opcode), kib, how),
		Expectation: fmt.Sprintf("The message comes back within %v. The suite closes.", patience),
		Heavy:       true,
		Begin: func() play.Play {
			whole := f
			n := kib << 10
			whole.Payload = bytes.Repeat(f.Payload, n/len(f.Payload)+1)[:n]
			return &play.Echo{Frame: whole, Sends: sends(whole), Patience: patience}
		},
	}
}

// oneByOne returns a case of 1,000 messages of n bytes, each sent when the previous one is
// back.
func oneByOne(id string, f naive.Frame, n int, patience time.Duration) *play.Case {
	return &play.Case{
		ID:          id,
		Description: fmt.Sprintf("1,000 %s messages of %d bytes, each sent when the one before has come back.", kind(f.Opcode), n),
		Expectation: fmt.Sprintf("All come back within %v. The suite closes.", patience),
		Heavy:       true,
		Begin: func() play.Play {
			payload := []byte(strings.Repeat(string(f.Payload), n))
			return &play.Rounds{
				Binary:   f.Opcode == play.OpBinary,
				Patience: patience,
				Next:     func([]byte, int) []byte { return payload },
			}
		},
	}
}
