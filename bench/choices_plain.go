package main

import (
	"flag"
	"fmt"
	"strings"

	"github.com/hawser-ws/websocket/bench/servers"
)

// plainChoices are the choices of a command without compression.
func plainChoices(libs []string) choices {
	return choices{libs: libs, modes: []servers.Mode{servers.None}, bits: []int{15}}
}

// registerPlain registers the flags that such a command has.
func (c *choices) registerPlain(flags *flag.FlagSet) {
	flags.Func("libs", "libraries and floors, `a,b` (default "+strings.Join(c.libs, ",")+")", func(s string) error {
		c.libs = strings.Split(s, ",")
		for i, name := range c.libs {
			if servers.KindOf(name) == 0 {
				return fmt.Errorf("no library %q; there are %s", name, strings.Join(servers.EchoNames(), ","))
			}
			for _, before := range c.libs[:i] {
				if before == name {
					return fmt.Errorf("%s is there twice", name)
				}
			}
		}
		return nil
	})
	flags.BoolVar(&c.quick, "quick", false, "less of everything")
	flags.StringVar(&c.json, "json", "", "`file` to write the figures to, round by round")
}
