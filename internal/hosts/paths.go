package hosts

import "rundock/internal/hostconfig"

// Where things are on a host.
const (
	ProgramDir      = "/usr/local/bin/"
	dpkgStatus      = "/var/lib/dpkg/status"
	resolvConf      = "/etc/resolv.conf"
	savedResolvConf = "/etc/rundock/resolv.conf.before"
	pendingPath     = "/run/rundock/host-pending.json" // in /run, as a boot starts everything anew
)

const (
	daemonJSON    = "/etc/docker/daemon.json"
	dockerPID     = "/run/docker.pid"
	dockerWaiting = "/run/rundock-restart-docker" // keys, separated by spaces
)

const programMode = 0o755

// processPrograms are those of rundock's processes: rundockd, and what it becomes.
var processPrograms = []string{hostconfig.Program, ProgramDir + "rundock-render", ProgramDir + "rundock-store"}
