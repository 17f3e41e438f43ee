package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU returns the CPU time of all threads of the process, including the kernel.
func (p *Process) CPU() (time.Duration, error) {
	// The clock of another process: clock_getcpuclockid(3).
	const scheduler = 2
	clock := int32(^p.PID())<<3 | scheduler
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", p.PID(), err)
	}
	return time.Duration(ts.Nano()), nil
}

// Waited returns how long threads of the process were ready without a core.
func (p *Process) Waited() (total time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.PID()))
	for _, name := range files {
		b, _ := os.ReadFile(name)
		if fields := strings.Fields(string(b)); len(fields) == 3 {
			ns, _ := strconv.ParseInt(fields[1], 10, 64)
			total += time.Duration(ns)
		}
	}
	return total
}

// RSS returns the memory of the process in RAM, in bytes.
func (p *Process) RSS() (int64, error) { return field(p.status(), "VmRSS:") }

// SettledRSS waits until the RSS of a process that has just started stays as it is. It goes on
// to touch its pages for some time after it has told its address.
func (p *Process) SettledRSS() (int64, error) {
	const still, most = 5, 100 // looks
	last, same := int64(0), 0
	for range most {
		now, err := p.RSS()
		if err != nil {
			return 0, err
		}
		if same++; now != last {
			last, same = now, 0
		}
		if same == still {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return last, nil
}

// PeakRSS returns the highest RSS so far.
func (p *Process) PeakRSS() (int64, error) { return field(p.status(), "VmHWM:") }

func (p *Process) status() string { return fmt.Sprintf("/proc/%d/status", p.PID()) }

// Available returns the free memory of the machine, in bytes.
func Available() (int64, error) { return field("/proc/meminfo", "MemAvailable:") }

// field parses a line such as "VmRSS:  1234 kB".
func field(file, name string) (int64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == name && fields[2] == "kB" {
			kb, err := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no line %s", file, name)
}

// Calls returns the number of read and write system calls of the process, in all variants,
// including sockets. The kernel does not count recvfrom, sendto and sendmsg.
func (p *Process) Calls() (reads, writes int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.PID()))
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscanf(string(b), "rchar: %d\nwchar: %d\nsyscr: %d\nsyscw: %d", new(int64), new(int64), &reads, &writes); err != nil {
		return 0, 0, fmt.Errorf("/proc/%d/io: %w", p.PID(), err)
	}
	return reads, writes, nil
}
