package spec

import "strings"

// refused are docker run's flags that args does not take, and why. Together
// with flags they are all of docker/cli 29's (cli/command/container/opts.go
// and run.go).
var refused = []struct {
	flags  string // separated by spaces, as written
	reason string
}{
	{"--name", "it is the parameter name"},
	{"--pull", "it is the parameter pull"},
	{"--stop-timeout", "it is the parameter stop_timeout"},
	{"--restart", "runit restarts the container"},
	{"--rm", "rundock itself removes the container that it replaces, with its anonymous volumes"},
	{"-d --detach", "runit keeps the container in the background"},
	{"-i --interactive -t --tty -a --attach --detach-keys --sig-proxy", "a service has no terminal"},
	{"--log-driver", "rundock uses Docker's local driver and copies each line to the service's own log; set its size by --log-opt"},
	{"--cidfile", "the container has the name of the service"},
	{"-q --quiet", "nothing is printed while an image is pulled"},
	{"--help", "the flags are listed in docs/args.md"},
	{"-P --publish-all", "the ports would change at each start; name them by -p"},
	{"--link", "containers find each other by DNS name"},
	{"--label-file", "write its lines as --label, so that a change of them is seen"},
	{"--cpu-count --cpu-percent --io-maxbandwidth --io-maxiops --isolation", "it is for Windows containers"},
	{"--disable-content-trust --kernel-memory", "Docker itself has given it up"},
	{"--cpu-period --cpu-quota", "write the limit as --cpus"},
	{"--cpu-rt-period --cpu-rt-runtime", "it needs a kernel with real-time groups (CONFIG_RT_GROUP_SCHED), which distributions do not ship"},
	{"--umask", "Docker's API has it from 1.56, which rundock does not speak yet"},
	{"--use-api-socket", "write it as -v /var/run/docker.sock:/var/run/docker.sock"},
}

// longFlags are the names of all flags, known and refused, without hyphens.
func longFlags() []string {
	var names []string
	for _, f := range flags {
		names = append(names, f.long)
		if f.synonym != "" {
			names = append(names, f.synonym)
		}
	}
	for _, r := range refused {
		for f := range strings.FieldsSeq(r.flags) {
			if name, ok := strings.CutPrefix(f, "--"); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

func isLongFlag(name string) bool {
	for _, n := range longFlags() {
		if n == name {
			return true
		}
	}
	return false
}

// nearestFlag returns the flag that name is probably a misspelling of, with
// its hyphens, or "".
func nearestFlag(name string, long bool) string {
	if !long {
		return ""
	}
	for _, f := range flags {
		if f.short == name {
			return "-" + name
		}
	}
	most := min(1+len(name)/4, 3) // more changes than that make another word
	near := ""
	for _, n := range longFlags() {
		if d := distance(strings.ToLower(name), n); d <= most {
			most, near = d-1, "--"+n
		}
	}
	return near
}

// distance is how many letters must be added, removed or replaced to turn a
// into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
