package servers

import (
	"os"

	"github.com/lesismal/nbio/logging"
)

// quietNbio keeps nbio off standard output, which has our own lines.
func quietNbio() {
	logging.Output = os.Stderr
	logging.SetLevel(logging.LevelError)
}
