package cases

import (
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// Texts that chapter 6 splits. The good ones are "Hello-µ@ßöäüàá-UTF-8!!" and κόσμε.
const (
	greeting = "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!"
	cosmos   = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
	// surrogate and beyond are invalid from their second byte: U+D800, U+110000.
	surrogate = "\xed\xa0\x80"
	beyond    = "\xf4\x90\x80\x80"
	ascii     = "edited"
)

// wholeTexts are the texts of groups 6.5 to 6.23, a group a row, after Markus
// Kuhn's "UTF-8 decoder capability and stress test". A group is all valid, or
// all invalid, but for those named in goodIn.
var wholeTexts = []struct {
	valid bool
	texts []string
}{
	5:  {true, []string{"hello$world", "hello\xc2\xa2world", "hello\xe2\x82\xacworld", "hello\xf0\xa4\xad\xa2world", cosmos}},
	6:  {false, beginnings(cosmos)},
	7:  {true, []string{"\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"}},
	8:  {false, []string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}},
	9:  {true, []string{"\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}},
	10: {false, []string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}},
	11: {true, []string{"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80"}},
	12: {false, []string{
		"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf",
		run(0x80, 0xbf, ""),
	}},
	13: {false, []string{
		run(0xc0, 0xdf, " "), run(0xe0, 0xef, " "), run(0xf0, 0xf7, " "), run(0xf8, 0xfb, " "), run(0xfc, 0xfd, " "),
	}},
	14: {false, incomplete},
	15: {false, []string{joinedTexts(incomplete)}},
	16: {false, []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}},
	17: {false, []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}},
	18: {false, []string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"}},
	19: {false, []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}},
	20: {false, []string{
		"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf",
	}},
	21: {false, []string{
		"\xed\xa0\x80\xed\xb0\x80", "\xed\xa0\x80\xed\xbf\xbf", "\xed\xad\xbf\xed\xb0\x80", "\xed\xad\xbf\xed\xbf\xbf",
		"\xed\xae\x80\xed\xb0\x80", "\xed\xae\x80\xed\xbf\xbf", "\xed\xaf\xbf\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf",
	}},
	22: {true, noncharacters()},
	23: {true, []string{
		"\xef\xbf\xb9", "\xef\xbf\xba", "\xef\xbf\xbb", "\xef\xbf\xbc", "\xef\xbf\xbd", "\xef\xbf\xbe", "\xef\xbf\xbf",
	}},
}

// differing are the texts whose validity is not that of their group: the
// beginnings of cosmos that end with a character, and U+110000.
var differing = map[string]bool{
	"6.6.2": true, "6.6.5": true, "6.6.7": true, "6.6.9": true, "6.6.11": true,
	"6.11.5": true,
}

// incomplete are characters of 2 to 6 bytes without their last.
var incomplete = []string{
	"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
	"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
}

// texts is a case for each of wholeTexts.
func texts() (cases []*play.Case) {
	const patience = 500 * time.Millisecond
	for group, row := range wholeTexts {
		for i, payload := range row.texts {
			id := fmt.Sprintf("6.%d.%d", group, i+1)
			steps := []play.Step{play.Send(text(payload)), play.KillIn(patience)}
			if row.valid != differing[id] {
				cases = append(cases, play.Scripted(id, fmt.Sprintf("A text message of the valid bytes %x.", payload),
					"The message comes back. The suite closes.", play.Script{
						Steps: steps, OK: []verdict.Event{gotText(payload)}, Ends: weClose,
					}))
				continue
			}
			cases = append(cases, play.Scripted(id, fmt.Sprintf("A text message of the bytes %x, which are not UTF-8.", payload),
				"The connection fails with 1007.", play.Script{
					Steps: steps, Ends: theyFailFor(1007), FatalEnd: true,
				}))
		}
	}
	return cases
}

// beginnings is every beginning of s, itself the last.
func beginnings(s string) (list []string) {
	for i := range len(s) {
		list = append(list, s[:i+1])
	}
	return list
}

// run is the bytes from first up to, not including, end, each followed by after.
func run(first, end byte, after string) (s string) {
	for c := first; c < end; c++ {
		s += string([]byte{c}) + after
	}
	return s
}

func joinedTexts(list []string) (s string) {
	for _, t := range list {
		s += t
	}
	return s
}

// noncharacters are U+FFFE and U+FFFF, and the last two of every plane after it.
func noncharacters() (list []string) {
	for plane := range rune(17) {
		list = append(list, string(plane<<16+0xfffe), string(plane<<16+0xffff))
	}
	return list
}
