package ansible

import (
	"fmt"
	"strings"
	"testing"
)

// large has more parameters than are named to somebody who gave another.
var large = func() Spec {
	s := Spec{Module: "large", Elsewhere: []Elsewhere{{"restart restart_policy", "runit restarts it"}, {"network", "write networks"}}}
	s.Params = []Param{{Name: "name", Required: true}, {Name: "networks", Aliases: []string{"nets"}, Type: List},
		{Name: "log", Type: Dict, Options: []Param{{Name: "keep", Type: Int}}}}
	for i := range few {
		s.Params = append(s.Params, Param{Name: fmt.Sprintf("parameter_number_%d", i)})
	}
	return s
}()

func TestUnknownParameters(t *testing.T) {
	for given, want := range map[string]string{
		`{"nmae":"x"}`:                                    "nmae (did you mean name?).",
		`{"name":"x","net":[]}`:                           "net (did you mean nets?).",
		`{"name":"x","restart_policy":"no"}`:              "restart_policy (runit restarts it).",
		`{"name":"x","restart_polici":"no"}`:              "restart_polici (runit restarts it).",
		`{"name":"x","network":"a","nmae":1,"restart":1}`: "network (write networks), nmae (did you mean name?), restart (runit restarts it).",
		`{"name":"x","log":{"restart":1}}`:                "log.restart (runit restarts it).",
		`{"name":"x","log":{"networks":1}}`:               "log.networks (it belongs beside log).",
		`{"name":"x","keep":5}`:                           "keep (it belongs within log).",
		`{"name":"x","frobnicate":1}`:                     "frobnicate. `ansible-doc large` lists those that there are.",
		`{"name":"x","frobnicate":1,"nmae":1}`:            "frobnicate, nmae (did you mean name?). `ansible-doc large` lists those that there are.",
		`{"name":"x","log":{"frobnicate":1}}`:             "log.frobnicate. Supported parameters include: keep.",
	} {
		var values map[string]any
		if err := decode([]byte(given), &values); err != nil {
			t.Fatal(err)
		}
		_, err := (&reading{}).read(large, "large", values, false)
		if err == nil || strings.TrimPrefix(err.Error(), "Unsupported parameters for (large) module: ") != want {
			t.Errorf("%s is answered by\n %v\nwant %s", given, err, want)
		}
	}
}
