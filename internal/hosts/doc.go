// Package hosts makes a Debian machine what an inventory says: packages,
// dockerd's settings, programs, users, files, runit services, resolv.conf.
//
// Look reads how the machine is, from files alone. MakePlan, which is pure, lists
// the steps from there to what is wanted, in their order and each with its
// reason; none where nothing is to change. Apply takes them.
//
// Its files:
//
//	wanted.go wanted_files.go         what a host is to be
//	have.go look*.go facts.go         how it is
//	step.go plan.go plan_services.go  the steps, and what leads to them
//	applier.go apply*.go              each of them
//	pending.go                        what a run that fails leaves to the next
//	remains.go plan_leave.go apply_leave.go  the way back, to a machine that is no host
//	init.go                           services of systemd or sysvinit
//	packages.go daemonjson.go         dpkg's list, and Docker's settings
//	paths.go names.go                 where things are, users and groups
package hosts
