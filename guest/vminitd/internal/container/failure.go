package container

// Reason says why a process could not be started.
type Reason int

// What StartFailure tells the host, in the same order.
const (
	ReasonUnspecified Reason = iota
	ReasonCommandNotFound
	ReasonCommandNotExecutable
	ReasonUserNotFound
	ReasonWorkingDirectory
	ReasonMount
)

// StartError is a refusal that the user can do something about.
type StartError struct {
	Reason  Reason
	Subject string
	Err     error
}

func (e *StartError) Error() string { return e.Subject + ": " + e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }
