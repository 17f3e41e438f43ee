package conn

// closeFrame is where our one Close frame stands.
type closeFrame uint8

const (
	unsent  closeFrame = iota
	placed             // it has its place in the outgoing stream
	flushed            // all of it is written
	lost               // it was placed, and did not all go out

	numCloseFrames = iota
)

// effect is what an event does to our Close frame.
type effect uint8

const (
	keeps   effect = iota // it stays as it is
	places                // it takes its place
	flushes               // its last byte is written
	loses                 // what is not written by now never will be

	numEffects = iota
)

// impossible in closeFrames is an event that has no meaning there.
const impossible closeFrame = numCloseFrames

// closeFrames is the life of our Close frame: where it stands × effect → where it stands
// then. RFC 6455 §5.5.1: there is one, so only an unsent one is placed.
var closeFrames = [numCloseFrames][numEffects]closeFrame{
	unsent:  {keeps: unsent, places: placed, flushes: impossible, loses: unsent},
	placed:  {keeps: placed, places: impossible, flushes: flushed, loses: lost},
	flushed: {keeps: flushed, places: impossible, flushes: impossible, loses: flushed},
	lost:    {keeps: lost, places: impossible, flushes: impossible, loses: lost},
}
