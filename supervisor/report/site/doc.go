// Package site reports all services of the zone, as the store has them: `rundockd
// services`.
//
//	fold.go  records into services and their instances; pure
//	main.go  the command
package site
