package supervisor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadTemplates_leaves_out_what_is_wrong_and_names_it(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a":       `{"version":1,"name":"a","content":"x","dest":"/tmp/a","wait":"250ms:2s","signal":{"service":"haproxy","signal":"USR2"}}`,
		"again":   `{"version":1,"name":"again","content":"x","dest":"/tmp/a"}`,
		"both":    `{"version":1,"name":"both","content":"x","src":"/x","dest":"/tmp/b"}`,
		"check":   `{"version":1,"name":"check","content":"x","dest":"/tmp/b","check":"true"}`,
		"dest":    `{"version":1,"name":"dest","content":"x","dest":"b"}`,
		"field":   `{"version":1,"name":"field","content":"x","dest":"/tmp/b","dset":"c"}`,
		"floor":   `{"version":1,"name":"floor","content":"x","dest":"/tmp/b","floor":{"web":-1}}`,
		"mode":    `{"version":1,"name":"mode","content":"x","dest":"/tmp/b","mode":"rw"}`,
		"other":   `{"version":1,"name":"another","content":"x","dest":"/tmp/b"}`,
		"runner":  `{"version":1,"name":"runner","content":"x","dest":"/tmp/b"}`,
		"signal":  `{"version":1,"name":"signal","content":"x","dest":"/tmp/b","signal":{"service":"a","signal":"KILL"}}`,
		"src":     `{"version":1,"name":"src","src":"x","dest":"/tmp/b"}`,
		"version": `{"version":2,"name":"version","content":"x","dest":"/tmp/b"}`,
		"wait":    `{"version":1,"name":"wait","content":"x","dest":"/tmp/b","wait":"2s:1s"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	all, err := ReadTemplates(dir)
	if len(all) != 1 || all[0].Name != "a" || err == nil {
		t.Fatalf("ReadTemplates = %+v, %v, want a alone", all, err)
	}
	for file, want := range map[string]string{
		"again": "dest /tmp/a is that of template a as well", "both": "want src or content", "check": "want %s in it", "dest": "want the absolute path of a file",
		"field": `unknown field "dset"`, "floor": "floor of web: -1", "mode": `mode "rw": want three octal digits`, "other": `name "another": want that of the file`,
		"runner": "the status of a service named templates has that name", "signal": "signal KILL to service", "src": "src x: want an absolute path",
		"version": "version is 2", "wait": `wait "2s:1s": want MIN:MAX`,
	} {
		said := false
		for _, line := range strings.Split(err.Error(), "\n") {
			said = said || strings.HasPrefix(line, "template "+filepath.Join(dir, file+".json")+": ") && strings.Contains(line, want)
		}
		if !said {
			t.Errorf("the error says not of %s: %s; it is\n%v", file, want, err)
		}
	}
}
