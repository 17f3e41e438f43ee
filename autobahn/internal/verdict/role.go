package verdict

// A Role is the side of a connection that is judged. The suite plays the other side.
type Role int

const (
	Server Role = iota + 1 // the suite is the fuzzing client
	Client                 // the suite is the fuzzing server
)

func (r Role) String() string {
	if r == Client {
		return "client"
	}
	return "server"
}
