package system

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	// What the way from the host to here may take.
	toleratedOffset = 5 * time.Millisecond
	// The most that the kernel corrects without a step (adjtimex(2)): it lets the clock run up to 500 ppm off for that.
	gradualOffset = 500 * time.Millisecond
)

// SetClock sets the time of day and tells how far the clock was ahead. A clock that is right is left alone. One that is
// nearly right is corrected without a step: time that goes backwards disturbs programs.
func SetClock(now time.Time) (time.Duration, error) {
	ahead := time.Since(now)
	switch {
	case ahead.Abs() < toleratedOffset:
		return ahead, nil
	case ahead.Abs() < gradualOffset:
		change := &unix.Timex{Modes: unix.ADJ_OFFSET_SINGLESHOT, Offset: -ahead.Microseconds()}
		_, err := unix.Adjtimex(change)
		return ahead, err
	default:
		value := unix.NsecToTimespec(now.UnixNano())
		return ahead, unix.ClockSettime(unix.CLOCK_REALTIME, &value)
	}
}
