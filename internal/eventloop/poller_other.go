//go:build !linux

package eventloop

import (
	"errors"
	"fmt"
	"runtime"
)

// poller is what this system lacks. There is never one, so no method is ever called.
type poller struct{}

func newPoller(*handover) (*poller, error) {
	return nil, fmt.Errorf("it needs epoll, which %s does not have: %w", runtime.GOOS, errors.ErrUnsupported)
}

func (*poller) wait(bool) (int, error)            { return 0, errors.ErrUnsupported }
func (*poller) event(int) (int32, uint32, Events) { return 0, 0, 0 }
func (*poller) add(int32, uint32) error           { return errors.ErrUnsupported }
func (*poller) remove(int32)                      {}
func (*poller) close() error                      { return nil }
