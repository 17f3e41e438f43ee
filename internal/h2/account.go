package h2

// Account is how the windows of the connection stand, for tests that look for bytes which
// nobody has given back.
type Account struct {
	In   int64 // the peer may still send
	Owed int64 // free again, and not announced yet
	Size int64 // of our window: In and Owed together, when all that has come was counted
	Out  int64 // we may still send
}

// Account returns how the windows stand.
func (e *Endpoint) Account() Account {
	return Account{In: e.in.left, Owed: e.in.owed, Size: int64(e.cfg.ConnWindow), Out: int64(e.out)}
}
