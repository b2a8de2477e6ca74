// Package switching is `rundockd switch` and `rundockd history`: it leads an
// attempt to give a service's traffic to its other colour, shows how one stands,
// and tells of earlier ones. What is written into the store, and what comes next,
// is package cutover's.
//
//	request.go   what is asked for, from the command line
//	known.go     what the store holds, folded from its watches
//	poll.go      whether the instances of the wanted colour answer
//	judge.go     whether the switch can be made: pure
//	lead.go      the attempt, from the lock to its end
//	main.go show.go history.go forget.go   the commands
package switching
