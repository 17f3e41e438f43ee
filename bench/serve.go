package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/servers"
)

// serveCommand is for the processes that this program starts from itself.
const serveCommand = "serve"

// serve is the echo server of one library. It prints its address, and ends when its standard
// input does. At a line of input it collects its garbage, returns the memory to the system, and
// prints a line.
func serve(_ context.Context, args []string) error {
	var s servers.Settings
	flags := flag.NewFlagSet(serveCommand, flag.ContinueOnError)
	name := flags.String("lib", servers.Ours, "`library`")
	flags.StringVar((*string)(&s.Mode), "mode", string(servers.None), "`mode` of compression")
	flags.IntVar(&s.Bits, "bits", 15, "`bits` of the windows")
	flags.IntVar(&s.Level, "level", 0, "`level` of compression; 0 for the library's default")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := s.Check(); err != nil {
		return err
	}
	lib, err := servers.Get(*name)
	if err != nil {
		return err
	}
	if program, ok := lib.(servers.Program); ok {
		path, args, err := program.Command(s)
		if err != nil {
			return err
		}
		return unix.Exec(path, args, os.Environ()) // the process keeps its identity for the bench
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- lib.Echo(l, s) }()
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			debug.FreeOSMemory() // twice, because a pool releases its memory in two steps
			debug.FreeOSMemory()
			fmt.Println("collected")
		}
		failed <- nil
	}()
	fmt.Println(l.Addr())
	return <-failed
}

// start runs the echo server of one library in its own process.
func start(core int, lib string, s servers.Settings) (*process.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return process.Start(core, self, serveCommand, "-lib", lib, "-mode", string(s.Mode),
		"-bits", strconv.Itoa(s.Bits), "-level", strconv.Itoa(s.Level))
}
