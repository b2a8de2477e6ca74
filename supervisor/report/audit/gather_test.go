package audit

import (
	"net"
	"reflect"
	"slices"
	"testing"
)

func TestAddFlags_are_settings_as_daemon_json_has_them(t *testing.T) {
	got := map[string]any{"live-restore": true, "hosts": []any{"fd://"}}
	addFlags(got, []string{"-H", "unix:///a.sock", "--host=tcp://0.0.0.0:2375", "--icc=false", "--log-level", "debug", "--tlsverify", "--storage-opt", "dm.basesize=1G", "-D", "--data-root=/srv"})
	want := map[string]any{"live-restore": true, "hosts": []any{"fd://", "unix:///a.sock", "tcp://0.0.0.0:2375"}, "icc": false, "log-level": "debug", "tlsverify": true, "storage-opt": []any{"dm.basesize=1G"}, "debug": true, "data-root": "/srv"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("settings are %v\nwant %v", got, want)
	}
}

func TestSocketLine_is_read_as_the_kernel_writes_it(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	all, _, err := listening()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(all, func(one Listener) bool { return one.Address.String() == l.Addr().String() && one.Protocol == "tcp" }) {
		t.Errorf("%s is not among %v", l.Addr(), all)
	}
	for line, want := range map[string]string{
		"  0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 123 1":                                      "127.0.0.1:80",
		"  0: 00000000000000000000000000000000:1388 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 124 1": "[::]:5000",
		"  0: 0000000000000000FFFF00000100007F:1388 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 124 1": "127.0.0.1:5000",
		"  0: 0100007F:0050 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 125 1":                                      "",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode":                                     "",
	} {
		at, _, listens, err := socketLine(line, "tcp")
		if err != nil || listens != (want != "") || listens && at.String() != want {
			t.Errorf("%q is %v, %v, %v, want %q", line, at, listens, err, want)
		}
	}
}

func TestPlain_is_what_others_could_read(t *testing.T) {
	got := plain([]string{"http://10.0.0.5:2379", "https://10.0.0.5:2379", "http://127.0.0.1:8500", "http://[::1]:8500", "http://localhost:8500", ""})
	if !slices.Equal(got, []string{"http://10.0.0.5:2379"}) {
		t.Errorf("plain = %q", got)
	}
}
