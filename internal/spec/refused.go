package spec

// refusal are flags of docker run that args does not take.
type refusal struct {
	flags  string // separated by spaces, as written
	reason string // why, and what instead
	valued bool   // each takes a value
}

// refused together with flags are all of docker/cli 29's
// (cli/command/container/opts.go and run.go).
var refused = []refusal{
	{"--name", "it is the parameter name", true},
	{"--pull", "it is the parameter pull", true},
	{"--stop-timeout", "it is the parameter stop_timeout", true},
	{"--restart", "runit restarts the container", true},
	{"--rm", "rundock itself removes the container that it replaces, with its anonymous volumes", false},
	{"-d --detach", "runit keeps the container in the background", false},
	{"-i --interactive -t --tty --sig-proxy", noTerminal, false},
	{"-a --attach --detach-keys", noTerminal, true},
	{"--log-driver", "rundock uses Docker's local driver and copies each line to the service's own log; set its size by --log-opt", true},
	{"--cidfile", "the container has the name of the service", true},
	{"-q --quiet", "nothing is printed while an image is pulled", false},
	{"--help", "the flags are listed in docs/args.md", false},
	{"-P --publish-all", "Docker would choose other ports of the host at each start; name them by -p, as in -p 8080:80", false},
	{"--link", "containers find each other by DNS name", true},
	{"--label-file", "write its lines as --label", true},
	{"--cpu-count --cpu-percent --io-maxbandwidth --io-maxiops --isolation", "it is for Windows containers", true},
	{"--disable-content-trust", "Docker itself has given it up", false},
	{"--kernel-memory", "Docker itself has given it up", true},
	{"--cpu-period --cpu-quota", "write the limit as --cpus", true},
	{"--cpu-rt-period --cpu-rt-runtime", "it needs a kernel with real-time groups (CONFIG_RT_GROUP_SCHED), which distributions do not ship", true},
	{"--umask", "Docker's API has it from 1.56, which rundock does not speak yet", true},
	{"--use-api-socket", "write it as -v /var/run/docker.sock:/var/run/docker.sock", false},
}

const noTerminal = "a service has no terminal"

// misnamed are flags that docker run has not and that people write, in the
// words of compose or of a parameter, and what is meant.
var misnamed = map[string]string{
	"environment":    "it is --env",
	"port":           "a port is published by -p and announced by the parameter announce",
	"ports":          "a port is published by -p and announced by the parameter announce",
	"image":          "it is the parameter image",
	"command":        "the command goes after --",
	"cmd":            "the command goes after --",
	"announce":       "it is the parameter announce",
	"network-mode":   "it is --network",
	"memory-limit":   "it is --memory",
	"mem-limit":      "it is --memory",
	"working-dir":    "it is --workdir",
	"restart-policy": "runit restarts the container",
	"extra-hosts":    "it is --add-host",
	"healthcheck":    "it is --health-cmd, and --health-interval and the like",
	"replicas":       "each host of the play has one container of the service",
}
