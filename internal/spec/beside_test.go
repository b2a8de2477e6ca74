package spec

import "testing"

func TestExclusive_and_writes(t *testing.T) {
	for args, want := range map[string]string{
		"-e A=1": "",
		"-v data:/data:ro --mount type=bind,source=/etc/a,target=/a,readonly": "",
		"-v /anonymous --tmpfs /tmp":                                          "",
		"-p 80:80":                                                            "it publishes port 80:80",
		"--network host":                                                      "it is on the host's network",
		"--network container:db":                                              "it shares the network of db",
		"--ipc container:db":                                                  "",
		"--network site --ip 10.1.2.3":                                        "it has an address of its own in network site",
		"-v data:/data":                                                       "writes /data",
		"-v /srv:/srv:z":                                                      "writes /srv",
		"--mount type=volume,source=data,target=/data":                        "writes /data",
		"--volumes-from db":                                                   "writes of db",
		"--volumes-from db:ro":                                                "",
	} {
		c, err := ParseArgs(args)
		if err != nil {
			t.Errorf("%s: %v", args, err)
			continue
		}
		got := c.Exclusive()
		if path := c.Writes(); got == "" && path != "" {
			got = "writes " + path
		}
		if got != want {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
}
