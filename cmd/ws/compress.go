package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"

	"github.com/hawser-ws/websocket"
)

// compression holds the flags for permessage-deflate.
type compression struct {
	mode       compressMode
	threshold  compressThreshold
	windowBits int
	level      int
}

// compressMode is a flag: the library's compression modes by name.
type compressMode websocket.CompressionMode

var compressModes = []string{
	websocket.CompressionDisabled:          "off",
	websocket.CompressionContextTakeover:   "takeover",
	websocket.CompressionNoContextTakeover: "no-takeover",
}

func (m *compressMode) String() string { return compressModes[*m] }

func (m *compressMode) Set(s string) error {
	for mode, name := range compressModes {
		if name == s {
			*m = compressMode(mode)
			return nil
		}
	}
	return errors.New("want off, takeover or no-takeover")
}

// compressThreshold is a flag: a size in bytes, as the library takes it.
type compressThreshold int

func (t *compressThreshold) String() string {
	if *t == 0 {
		return "" // the library's default
	}
	return strconv.Itoa(max(int(*t), 0))
}

func (t *compressThreshold) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return errors.New("want a number of bytes")
	}
	if n == 0 {
		n = -1 // for the library, zero means its default
	}
	*t = compressThreshold(n)
	return nil
}

// Compression flags: those that control how, not whether, and all of them.
var (
	refineCompression = []string{"threshold", "window-bits", "level"}
	compressFlags     = append([]string{"compress"}, refineCompression...)
)

func (z *compression) flags(flags *flag.FlagSet) {
	z.mode = compressMode(websocket.CompressionContextTakeover)
	flags.Var(&z.mode, "compress", "compression `mode`: takeover (messages refer to earlier ones), no-takeover or off")
	flags.Var(&z.threshold, "threshold", "smallest message to compress, in `bytes`; default: 128, or 512 without takeover")
	flags.IntVar(&z.windowBits, "window-bits", 15, "`bits` of the largest window in either direction, 9 to 15")
	flags.IntVar(&z.level, "level", 1, "compression level, `1..9`, from fastest to smallest")
}

// check reports flags that do not go together.
func (z *compression) check(flags *flag.FlagSet) (err error) {
	switch {
	case z.windowBits < 9 || z.windowBits > 15:
		return usageError("-window-bits must be 9 to 15")
	case z.level < 1 || z.level > 9:
		return usageError("-level must be 1 to 9")
	case z.off():
		flags.Visit(func(g *flag.Flag) {
			if slices.Contains(refineCompression, g.Name) {
				err = usageError(fmt.Sprintf("-%s makes no sense with -compress off", g.Name))
			}
		})
	}
	return err
}

func (z *compression) off() bool {
	return websocket.CompressionMode(z.mode) == websocket.CompressionDisabled
}

// options returns the flags as options of the library.
func (z *compression) options() (mode websocket.CompressionMode, threshold int, more websocket.CompressionOptions) {
	more = websocket.CompressionOptions{SendWindowBits: z.windowBits, ReceiveWindowBits: z.windowBits, Level: z.level}
	return websocket.CompressionMode(z.mode), int(z.threshold), more
}

// agreed describes the compression agreed in the handshake of a connection.
func agreed(c *websocket.Conn) string {
	if terms, ok := c.Compression(); ok {
		return terms.String()
	}
	return "no compression"
}
