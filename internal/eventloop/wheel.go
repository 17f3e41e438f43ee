package eventloop

// Entry is one thing that is to happen later. It is embedded by what it belongs to, or
// allocated with it, and can be set again and again. One loop at a time holds it.
type Entry struct {
	// Owner is told when the time has come. It is set before the first [Loop.After].
	Owner Owner

	next, prev *Entry // in the same slot
	due        uint32 // the second of the loop in which it is due
	at         uint32 // the second it is filed under, not after due; 0 if it is in no slot
}

// Owner is what an [Entry] belongs to.
type Owner interface {
	// Expired is called once the time of e has come. See [Loop.After].
	Expired(e *Entry)
}

// wheel files entries by the second in which they are due. It has no clock: its users say
// what time it is.
//
// An entry that is put off stays where it is filed. When that second comes, the entry is
// filed anew. So to put off a limit with every message costs next to nothing. One that is due
// after the last slot is filed there, and goes on from there in the same way.
type wheel struct {
	slots [wheelSlots]*Entry // by the second modulo their number
	hand  uint32             // the earliest second whose slot may hold entries
	count int
}

// wheelSlots is how many seconds a wheel looks ahead.
const wheelSlots = 64

// firstSecond leaves two numbers below it that mean no second.
const firstSecond = 2

func newWheel() wheel { return wheel{hand: firstSecond} }

// set has e expire in the second due, wherever it was before.
func (w *wheel) set(e *Entry, due uint32) {
	e.due = due
	switch {
	case e.at == 0:
	case e.at <= due:
		return
	default:
		w.unlink(e)
	}
	w.file(e)
}

// file puts e, which is in no slot, where it belongs.
func (w *wheel) file(e *Entry) {
	e.at = min(max(e.due, w.hand), w.hand+wheelSlots-1)
	slot := &w.slots[e.at%wheelSlots]
	if e.next = *slot; e.next != nil {
		e.next.prev = e
	}
	*slot = e
	w.count++
}

func (w *wheel) unlink(e *Entry) {
	if e.prev == nil {
		w.slots[e.at%wheelSlots] = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	}
	e.next, e.prev, e.at = nil, nil, 0
	w.count--
}

// remove reports false if e was in no slot.
func (w *wheel) remove(e *Entry) bool {
	if e.at == 0 {
		return false
	}
	w.unlink(e)
	return true
}

// pop takes out one entry that is due. It files at most patience entries anew to find it. more
// is false if none is left that is due in second now.
func (w *wheel) pop(now uint32, patience int) (e *Entry, more bool) {
	if now >= w.hand+wheelSlots {
		w.hand = now - wheelSlots + 1 // each slot comes up once
	}
	for ; w.hand <= now; w.hand++ {
		for e := w.slots[w.hand%wheelSlots]; e != nil; e = w.slots[w.hand%wheelSlots] {
			if patience == 0 {
				return nil, true
			}
			w.unlink(e)
			if e.due <= now {
				return e, true
			}
			w.file(e)
			patience--
		}
	}
	return nil, false
}

// next returns the first second whose slot holds entries, or 0 if there are none.
func (w *wheel) next() uint32 {
	if w.count == 0 {
		return 0
	}
	second := w.hand
	for w.slots[second%wheelSlots] == nil {
		second++
	}
	return second
}
