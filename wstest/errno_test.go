package wstest

// What the tests in package wstest_test compare with, on any system.
const (
	ErrReset  = errReset
	ErrBroken = errBroken
)
