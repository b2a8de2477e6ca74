package container

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"rundock/internal/spec"
)

// foreignWeb is what dockerd says of
//
//	docker run -d --restart always --name web -e A=hunter1 -v data:/data -v /srv:/srv:ro -p 80:8080 --memory 64m --cap-add net_admin web:1 serve
//
// of an image with ENV PATH, ENTRYPOINT, WORKDIR and VOLUME /more.
const foreignWeb = `{"Id": "4f5e", "Image": "sha256:77",
 "Config": {"Image": "web:1", "Entrypoint": ["/web"], "Cmd": ["serve"], "Env": ["A=hunter1", "PATH=/bin"], "WorkingDir": "/srv", "Labels": {"com.docker.compose.project": "x"}},
 "HostConfig": {"Binds": ["data:/data:rw", "/srv:/srv:ro"], "NetworkMode": "default", "PortBindings": {"8080/tcp": [{"HostIp": "", "HostPort": "80"}]},
  "RestartPolicy": {"Name": "always"}, "LogConfig": {"Type": "json-file"}, "Memory": 67108864, "CapAdd": ["NET_ADMIN"], "IpcMode": "private", "ShmSize": 67108864},
 "Mounts": [{"Type": "volume", "Name": "data", "Source": "/var/lib/docker/volumes/data/_data", "Destination": "/data", "RW": true},
  {"Type": "bind", "Source": "/srv", "Destination": "/srv", "RW": false}],
 "NetworkSettings": {"Networks": {"bridge": {}}}}`

func TestDifferences(t *testing.T) {
	image := inherited{entrypoint: []string{"/web"}, env: []string{"PATH=/bin", "A=hunter0"}, workdir: "/srv"}
	const same = "-e A=hunter1 -v data:/data -v /srv:/srv:ro -p 80:8080 --memory 64m --cap-add NET_ADMIN"
	for _, c := range []struct{ image, args, want string }{
		{"web:1", same + " -- serve", ""},
		{"docker.io/library/web:1", same + " -l a=b --log-opt max-size=1m --dns 10.0.0.1 --network bridge -- serve", ""},
		{"web:1", strings.Replace(same, "-p 80", "-p 0.0.0.0:80", 1) + " --entrypoint /web -w /srv -- serve", ""},
		{"web:2", same + " -- serve", "image is web:1, and web:2 is wanted"},
		{"web:1", same, `command ("serve") is not asked for`},
		{"web:1", same + " -- run", `command is "serve", and "run" is wanted`},
		{"web:1", strings.Replace(same, "hunter1", "hunter2", 1) + " -e B=hunter3 -- serve", "env A has another value; env B is missing in it"},
		{"web:1", strings.Replace(same, "-v data:/data", "-v other:/data", 1) + " -- serve", "mount /data is volume data, and volume other is wanted"},
		{"web:1", strings.Replace(same, ":ro", "", 1) + " -- serve", "mount /srv is bind /srv, read-only, and bind /srv is wanted"},
		{"web:1", strings.Replace(same, "-v data:/data", "", 1) + " -- serve", "mount /data (volume data) is not asked for"},
		{"web:1", strings.Replace(same, "-p 80", "-p 10.0.0.1:80", 1) + " -- serve", "port 10.0.0.1:80:8080/tcp is missing in it; port 80:8080/tcp is not asked for"},
		{"web:1", same + " --network apps -- serve", "network apps is missing in it; network bridge is not asked for"},
		{"web:1", strings.Replace(same, "64m", "128m", 1) + " --privileged --pid host -- serve", "PID namespace (host) is missing in it; memory is 67108864, and 134217728 is wanted; privileged (true) is missing in it"},
		{"web:1", strings.Replace(same, "--cap-add NET_ADMIN", "-u 5", 1) + " -- serve", "added capability NET_ADMIN is not asked for; user (5) is missing in it"},
	} {
		t.Run(c.image+" "+c.args, func(t *testing.T) {
			var made container.InspectResponse
			if err := json.Unmarshal([]byte(foreignWeb), &made); err != nil {
				t.Fatal(err)
			}
			want, err := spec.ParseArgs(c.args)
			if err != nil {
				t.Fatal(err)
			}
			want.Image = c.image
			cfg, host, err := configs(want, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(differences(made, image, want, cfg, host), "; ")
			if got != c.want {
				t.Errorf("differences are\n %s\nwant\n %s", got, c.want)
			}
			if strings.Contains(got, "hunter") {
				t.Errorf("a value of the environment is told: %s", got)
			}
		})
	}
}

func TestDifferences_compare_secrets_by_name_alone(t *testing.T) {
	var made container.InspectResponse
	if err := json.Unmarshal([]byte(`{"Config": {"Image": "web", "Env": ["A=hunter1"]}, "HostConfig": {}, "NetworkSettings": {"Networks": {"bridge": {}}}}`), &made); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"A": "", "B": "env A is not asked for; env B is missing in it"} {
		c := spec.Container{Image: "web", EnvSecrets: map[string]string{name: "digest"}}
		cfg, host, err := configs(c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(differences(made, inherited{}, c, cfg, host), "; "); got != want {
			t.Errorf("with the secret %s differences are %q, want %q", name, got, want)
		}
	}
}
