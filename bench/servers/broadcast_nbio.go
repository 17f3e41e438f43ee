package servers

import (
	"os"

	"github.com/lesismal/nbio/logging"
)

// quietNbio keeps the standard output, whose lines say something, to ourselves.
func quietNbio() {
	logging.Output = os.Stderr
	logging.SetLevel(logging.LevelError)
}
