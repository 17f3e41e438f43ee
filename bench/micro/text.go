package micro

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/websocket/frame"
)

var textSizes = []int{8, 32, 125, 1 << 10, 16 << 10, 1 << 20}

// Scripts are the kinds of text. The first has one byte for each character.
var Scripts = []string{"ASCII", "Cyrillic", "CJK", "emoji", "mixed"}

var sentences = map[string]string{
	"ASCII":    "The quick brown fox jumps over the lazy dog, and {\"id\":1807,\"state\":\"waiting\"} follows it. ",
	"Cyrillic": "Съешь же ещё этих мягких французских булок, да выпей чаю; потом приходи опять. ",
	"CJK":      "春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。床前明月光，疑是地上霜。",
	"emoji":    "😀😎🚀🌍🎉🐙🍋🧭🎻🛰🧊🦉🪁🥨🪐",
}

// Text makes n bytes of whole characters, padded with dots.
func Text(script string, n int) []byte {
	sentence := sentences[script]
	if script == "mixed" {
		// As people write: mostly ASCII, with a bit of everything.
		sentence = "Meeting at 9 — Björn, 田中さん и Катя 🎉 agree: \"naïve\" costs 12 €; see http://example.com/a?b=c. "
	}
	p := make([]byte, 0, n)
	for {
		for _, r := range sentence {
			if len(p)+utf8.RuneLen(r) > n {
				for len(p) < n {
					p = append(p, '.')
				}
				return p
			}
			p = utf8.AppendRune(p, r)
		}
	}
}

var errRefused = errors.New("valid text is refused")

// ours validates a message in one piece as package websocket does.
func ours(p []byte) bool {
	var v frame.Validator
	return v.Valid(p) && v.Complete()
}

// Standard is the name of the standard library's function.
const Standard = "utf8.Valid"

// Validation measures checking text.
func Validation(ctx context.Context, e Effort) ([]*Contest, error) {
	var all []*Contest
	for _, script := range Scripts {
		for _, size := range textSizes {
			p := Text(script, size)
			judge := func(valid func([]byte) bool) func(int) (time.Duration, error) {
				return Calls(func(n int) error {
					for range n {
						if !valid(p) {
							return errRefused
						}
					}
					return nil
				})
			}
			c := &Contest{Group: "utf8", Case: script + ", " + Size(size), Bytes: size, Of: []*Contender{
				{Name: "hawser", Batch: judge(ours)},
				{Name: Standard, Batch: judge(utf8.Valid)},
			}}
			if err := c.Run(ctx, e); err != nil {
				return all, err
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// The parts of Fused other than ours.
const (
	MaskAlone  = "Mask alone"
	ValidAlone = "Valid alone"
)

// fusedKey turns each of our texts into another valid one, and back, so that it can be masked
// in place repeatedly.
const fusedKey = 0x01010101

// Fused measures unmasking and validating at once, against each alone.
func Fused(ctx context.Context, e Effort) ([]*Contest, error) {
	var all []*Contest
	for _, script := range Scripts {
		for _, size := range textSizes {
			p := Text(script, size)
			if err := checkFused(p); err != nil {
				return all, fmt.Errorf("%s, %s: %w", script, Size(size), err)
			}
			run := func(f func() bool) func(int) (time.Duration, error) {
				return Calls(func(n int) error {
					for range n {
						if !f() {
							return errRefused
						}
					}
					return nil
				})
			}
			c := &Contest{Group: "fused", Case: script + ", " + Size(size), Bytes: size, Of: []*Contender{
				{Name: "hawser", Batch: run(func() bool {
					var v frame.Validator
					_, ok := frame.UnmaskValid(p, fusedKey, &v)
					return ok && v.Complete()
				})},
				{Name: MaskAlone, Batch: run(func() bool { frame.Mask(p, fusedKey); return true })},
				{Name: ValidAlone, Batch: run(func() bool { return ours(p) })},
			}}
			if err := c.Run(ctx, e); err != nil {
				return all, fmt.Errorf("%s: %w", c.Case, err)
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// checkFused compares with the definition in RFC 6455 §5.3.
func checkFused(p []byte) error {
	got, want := bytes.Clone(p), bytes.Clone(p)
	for i := range want {
		want[i] ^= fusedKey & 0xFF
	}
	var v frame.Validator
	if _, ok := frame.UnmaskValid(got, fusedKey, &v); !ok || !v.Complete() {
		return errRefused
	}
	if !bytes.Equal(got, want) {
		return errors.New("unmasked wrongly")
	}
	return nil
}
