package nearest

import "testing"

func TestOf(t *testing.T) {
	words := []string{"name", "env", "announce", "announces", "announce_as", "published_ports", "-P"}
	for word, want := range map[string]string{
		"anounce": "announce", "announcs": "announce", "nmae": "name", "Name": "name", "publishd_port": "published_ports", "-p": "-P",
		"announce-as": "announce_as", "enviroment": "", "restart_policy": "", "x": "", "": "",
	} {
		if got := Of(word, words); got != want {
			t.Errorf("Of(%q) = %q, want %q", word, got, want)
		}
	}
}
