package main

import (
	"errors"
	"flag"
	"strconv"
)

// messageLimit is a flag: the largest message accepted from the other end, in bytes after
// decompression, or -1 for no limit. A message can be a thousand times larger than its
// compressed form on the wire.
type messageLimit int64

const defaultMessageLimit = 64 << 20

func (l *messageLimit) flag(flags *flag.FlagSet) {
	flags.Var(l, "max-message", "largest message to take, in `bytes` when decompressed; -1 for no limit")
}

func (l *messageLimit) String() string { return strconv.FormatInt(int64(*l), 10) }

func (l *messageLimit) Set(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n == 0 || n < -1 {
		return errors.New("want a number of bytes, at least 1, or -1 for no limit")
	}
	*l = messageLimit(n)
	return nil
}
