package main

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/bench/servers"
)

// choices are the flags that commands share.
type choices struct {
	libs       []string
	modes      []servers.Mode
	bits       []int
	level      int
	mismatched bool
	quick      bool
	limit      time.Duration // for a table; 0: depends on quick
	json       string
}

func (c *choices) register(flags *flag.FlagSet) {
	c.libs, c.modes, c.bits = servers.Names(), []servers.Mode{servers.NoTakeover, servers.Takeover}, []int{15}
	flags.Func("libs", "libraries, `a,b` (default "+strings.Join(c.libs, ",")+")", func(s string) error {
		c.libs = strings.Split(s, ",")
		for _, name := range c.libs {
			if _, err := servers.Get(name); err != nil {
				return err
			}
		}
		return nil
	})
	flags.Func("modes", "modes of compression, `a,b` of none, no-takeover, takeover (default no-takeover,takeover)", func(s string) error {
		c.modes = nil
		for mode := range strings.SplitSeq(s, ",") {
			c.modes = append(c.modes, servers.Mode(mode))
		}
		return nil
	})
	flags.Func("bits", "windows to ask for, 8 to 15 `bits` (default 15)", numbers(&c.bits))
	flags.IntVar(&c.level, "level", 0, "`level` of compression, 1 to 9; 0 for each library's default")
	flags.BoolVar(&c.mismatched, "mismatched", false, "measure servers that did not agree on what was asked, too")
	flags.BoolVar(&c.quick, "quick", false, "less of everything, for less than a minute")
	flags.StringVar(&c.json, "json", "", "`file` to write the figures to, round by round")
}

// parse reads the arguments of a command.
func (c *choices) parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is one argument too many", flags.Arg(0))
	}
	for _, s := range c.settings() {
		if err := s.Check(); err != nil {
			return err
		}
	}
	return nil
}

// or resolves a flag that has two defaults.
func (c *choices) or(given, full, quick int) int {
	switch {
	case given > 0:
		return given
	case c.quick:
		return quick
	}
	return full
}

// settings returns all combinations that the flags ask for.
func (c *choices) settings() (all []servers.Settings) {
	for _, mode := range c.modes {
		for _, bits := range c.bits {
			all = append(all, servers.Settings{Mode: mode, Bits: bits, Level: c.level})
			if mode == servers.None {
				break // it has no window
			}
		}
	}
	return all
}

// numbers parses a list of numbers.
func numbers(list *[]int) func(string) error {
	return func(s string) error {
		*list = nil
		for field := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(field)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is not a number above 0", field)
			}
			*list = append(*list, n)
		}
		return nil
	}
}
