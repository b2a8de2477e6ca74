package spec

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	cases := []struct{ args, want string }{
		{``, `docker run --name web --log-driver local img:1`},
		{`--volumes-from data.influxdb -p $PRIVATE_IP:8083:8083`,
			`docker run --name web --log-driver local -p $PRIVATE_IP:8083:8083 --volumes-from data.influxdb img:1`},
		{`-e INFLUXDB_HOST=influxdb.s.prod.example.com -e A=secret`, `docker run --name web --log-driver local -e A -e INFLUXDB_HOST img:1`},
		{`-l 'a=it'"'"'s' -l b= --init`, `docker run --name web --log-driver local -l 'a=it'\''s' -l b= --init img:1`},
		{"-l 'a=x\nrm -rf /'", `docker run --name web --log-driver local -l $'a=x\nrm -rf /' img:1`},
		{"-- sh -c 'echo $HOST; exit' '' 'a\r\u2028\\b'", `docker run --name web --log-driver local img:1 sh -c 'echo $HOST; exit' '' $'a\x0d\U00002028\\b'`},
		{`--tmpfs /run --tmpfs /tmp:ro --no-healthcheck -m 6m`, `docker run --name web --log-driver local --tmpfs /run --tmpfs /tmp:ro -m 6291456 --no-healthcheck img:1`},
	}
	for _, c := range cases {
		t.Run(c.args, func(t *testing.T) {
			parsed, err := ParseArgs(c.args)
			if err != nil {
				t.Fatal(err)
			}
			parsed.Image = "img:1"
			if got := parsed.CommandLine("web"); got != c.want {
				t.Errorf("CommandLine\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestCommandLine_puts_further_words_of_the_entrypoint_before_the_command(t *testing.T) {
	c := Container{Image: "img", Entrypoint: []string{"sh", "-c"}, Command: []string{"true"}}
	if got, want := c.CommandLine("x"), "docker run --name x --log-driver local --entrypoint sh img -c true"; got != want {
		t.Errorf("CommandLine = %s, want %s", got, want)
	}
}

func TestQuote_is_one_word_for_a_shell(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash to ask")
	}
	for _, s := range []string{"", "a b", "it's", `back\slash`, "two\nlines\tand 'quotes'", "\x01\x1b[31m", "ü \u2028", "#x", "$(id)", "~", "*", "a;b"} {
		quoted := quote(s)
		if strings.ContainsAny(quoted, "\n\r") {
			t.Errorf("quote(%q) = %s breaks its line", s, quoted)
		}
		cmd := exec.Command(bash, "-c", "printf %s "+quoted)
		cmd.Env = []string{"LC_ALL=C.UTF-8"}
		got, err := cmd.Output()
		if err != nil || string(got) != s {
			t.Errorf("bash reads %s as %q, %v; want %q", quoted, got, err, s)
		}
	}
}
