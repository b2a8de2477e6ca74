package params

import "rundock/internal/ansible"

// announceOptions are those of an entry of announces.
var announceOptions = []ansible.Param{
	{Name: "port", Type: ansible.Int, Description: []string{
		"Port that others connect to, as I(announce) is in the short form. The first announcement may have none: then an address alone is announced, while the container is healthy by its HEALTHCHECK or, without one, runs. Such a record has no SRV.",
	}},
	{Name: "container_port", Type: ansible.Int, Description: []string{
		"Port that listens in the container, as I(port) is in the short form; the same unless given.",
	}},
	{Name: "name", Description: []string{
		"Name of the port: up to 62 of C(a-z 0-9 -). The first announcement has none, each further one has its own.",
	}},
	{Name: "protocol", Choices: []string{"tcp", "udp"}, Description: []string{"C(tcp) unless given."}},
	{Name: "as", Choices: []string{"public", "private", "container"}, Description: []string{
		"Address that is announced, as I(announce_as) says; C(private) unless given.",
	}},
	{Name: "network", Description: []string{
		"With C(container), the network whose address it is; the container's first by name unless given.",
	}},
	{Name: "priority", Type: ansible.Int, Description: []string{"Priority of the SRV record, 1 to 65535; 10 unless given."}},
	{Name: "weight", Type: ansible.Int, Description: []string{"Weight of the SRV record, 1 to 65535; 100 unless given."}},
	{Name: "lease", Type: ansible.Int, Description: []string{
		"Seconds that the record outlives its sidecar, 5 to 86400; 15 unless given. Its TTL in DNS is a third of it.",
	}},
	{Name: "tags", Type: ansible.List, Elements: ansible.Str, Description: []string{"Words for templates, in the record."}},
	{Name: "meta", Type: ansible.Dict, Values: ansible.Str, Description: []string{"Names and values for templates, in the record."}},
	{Name: "check", Type: ansible.Dict, Description: []string{
		"How its health is found out. Unless given, by the container's HEALTHCHECK if it has one, or else by connecting; a UDP port then is as well as its container.",
	}, Options: []ansible.Param{
		{Name: "type", Required: true, Choices: []string{"docker", "tcp", "http", "exec"}, Description: []string{
			"C(docker): the container's HEALTHCHECK. C(tcp): connecting succeeds. C(http): GET is answered with a status of 200 to 399. C(exec): a command on the host exits with 0.",
		}},
		{Name: "path", Description: []string{"Of C(http); C(/) unless given."}},
		{Name: "command", Type: ansible.List, Elements: ansible.Str, Description: []string{
			"Of C(exec): program and arguments. No shell reads them.",
		}},
		{Name: "port", Type: ansible.Int, Description: []string{
			"Of C(tcp) and C(http): another port of the container than the one that is announced.",
		}},
		{Name: "interval", Number: true, Description: []string{"Time between two checks, such as C(500ms) or C(10s); C(1s) unless given. Up to the first success they are made every 100 ms."}},
		{Name: "timeout", Number: true, Description: []string{"Time that a check may take; C(1s) unless given."}},
		{Name: "rise", Type: ansible.Int, Description: []string{"Successes in a row before it is announced, 1 to 1000; 1 unless given."}},
		{Name: "fall", Type: ansible.Int, Description: []string{"Failures in a row before it is withdrawn, 1 to 1000; 3 unless given."}},
	}},
}

// Announce is an entry of announces as given.
type Announce struct {
	Port          *int              `json:"port"`
	ContainerPort *int              `json:"container_port"`
	Name          string            `json:"name"`
	Protocol      string            `json:"protocol"`
	As            string            `json:"as"`
	Network       *string           `json:"network"`
	Priority      *int              `json:"priority"`
	Weight        *int              `json:"weight"`
	Lease         *int              `json:"lease"`
	Tags          []string          `json:"tags"`
	Meta          map[string]string `json:"meta"`
	Check         *checkParams      `json:"check"`
}

// checkParams is the check of an Announce.
type checkParams struct {
	Type     string   `json:"type"`
	Path     *string  `json:"path"`
	Command  []string `json:"command"`
	Port     *int     `json:"port"`
	Interval *string  `json:"interval"`
	Timeout  *string  `json:"timeout"`
	Rise     *int     `json:"rise"`
	Fall     *int     `json:"fall"`
}
