package autobahn

import (
	"strings"
	"time"
)

// chapter10: a message in frames whose size does not divide its length.
func chapter10() []*Case {
	payload := strings.Repeat("*", 65536)
	return []*Case{scripted("10.1.1",
		"A text message of 65536 bytes in fragments of 1300.", "The message comes back. The suite closes.", script{
			steps: []step{sendFragments(1300, text(payload)), killIn(10 * time.Second)},
			ok:    []Event{gotText(payload)},
			ends:  weClose,
		})}
}
