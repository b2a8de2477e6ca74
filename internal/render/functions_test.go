package render

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rundock/internal/registry"
)

// store has two services: apache in two colours, with a port named admin, and
// web, whose tags registrator wrote.
func store(t *testing.T, more ...string) *State {
	t.Helper()
	s := NewState("s.prod.example.com")
	pairs := append([]string{
		"/backend/current", "blue",
		"/config/db/host", "10.0.0.9", "/config/db/port", "5432", "/config/mode", "fast", "/config/dir/", "",
		"/skydns/com/example/prod/s/apache/_tcp/_admin/node-1", `{"host":"10.0.0.1","port":8081,"tags":["blue"]}`,
		"/skydns/com/example/prod/s/apache/node-1", `{"host":"10.0.0.1","port":80,"tags":["blue"],"meta":{"version":"7","zone":"a"},"colour":"blue","weight":50,"id":"m1/apache/blue"}`,
		"/skydns/com/example/prod/s/apache/node-2", `{"host":"10.0.0.2","port":80,"tags":["green"],"meta":{"version":"12","zone":"b"},"colour":"green"}`,
		"/skydns/com/example/prod/s/bad/node-1", `no record`,
		"/skydns/com/example/prod/s/web/node-3", `{"host":"10.0.0.3","port":8000,"meta":{"SERVICE_TAGS":"http, fast"},"text":"SERVICE_TAGS=old"}`,
		"/skydns/org/other/s/web/node-9", `{"host":"10.9.0.1","port":9000}`,
	}, more...)
	var b registry.Batch
	for i := 0; i < len(pairs); i += 2 {
		b.Changes = append(b.Changes, registry.Change{Key: pairs[i], Value: []byte(pairs[i+1])})
	}
	b.Complete = true
	s.Apply(b)
	return s
}

func rendered(t *testing.T, text string) (Result, error) {
	t.Helper()
	parsed, err := Parse("test", text)
	if err != nil {
		return Result{}, err
	}
	return parsed.Render(store(t))
}

// row is what a template with a function gives.
type row struct{ function, text, want string }

var rows = []row{
	{"service", `{{range service "apache"}}{{.Node}} {{.ID}} {{.Address}}:{{.Port}} {{.Weight}} {{.Status}} {{end}}`,
		"node-1 node-1:apache:80 10.0.0.1:80 50 passing node-2 node-2:apache:80 10.0.0.2:80 100 passing "},
	{"service", `{{range service "apache-80"}}{{.ID}} {{end}}`, "node-1:apache:80 node-2:apache:80 "},
	{"service", `{{range service "apache-admin"}}{{.Name}} {{.Port}}{{end}}`, "apache-admin 8081"},
	{"service", `{{range service "blue.apache|passing"}}{{.Node}} {{.Colour}}{{end}}`, "node-1 blue"},
	{"service", `{{range service "web" "any"}}{{.Tags}}{{.ServiceMeta.missing}}{{end}}`, "[http fast old]"},
	{"service", `{{range service "web@s.other.org"}}{{.Address}}{{end}}`, "10.9.0.1"},
	{"service", `{{len (service "nothing")}}`, "0"},
	{"services", `{{range services}}{{.Name}} {{.Tags}} {{end}}`, "apache [blue green] apache-admin [blue] web [fast http old] "},
	{"nodes", `{{range nodes}}{{.Node}}={{.Address}} {{end}}`, "node-1=10.0.0.1 node-2=10.0.0.2 node-3=10.0.0.3 "},
	{"key", `{{key "backend/current"}} {{key "/backend/current"}}`, "blue blue"},
	{"keyOrDefault", `{{keyOrDefault "backend/current" "x"}} {{keyOrDefault "backend/next" "x"}}`, "blue x"},
	{"keyExists", `{{keyExists "backend/current"}} {{keyExists "backend"}}`, "true false"},
	{"keyExistsGet", `{{with keyExistsGet "config/mode"}}{{.Key}} {{.Value}} {{.Exists}}{{end}} {{(keyExistsGet "x").Exists}}`, "config/mode fast true false"},
	{"ls", `{{range ls "config"}}{{.Key}}={{.Value}} {{.Path}}{{end}}`, "mode=fast config/mode"},
	{"tree", `{{range tree "config"}}{{.Key}}={{.Value}} {{end}}{{len (tree "conf")}}`, "db/host=10.0.0.9 db/port=5432 mode=fast 0"},
	{"safeLs", `{{range safeLs "config/db"}}{{.Key}} {{end}}`, "host port "},
	{"safeTree", `{{range safeTree "config/"}}{{.Key}} {{end}}`, "db/host db/port mode "},
	{"executeTemplate", `{{define "line"}}<{{.}}>{{end}}{{executeTemplate "line" "a" | toUpper}}`, "<A>"},

	{"byTag", `{{range $tag, $services := service "apache-80" | byTag}}backend {{$tag}}{{range $services}} {{.Node}}{{end}};{{end}}`, "backend blue node-1;backend green node-2;"},
	{"byTag", `{{range $tag, $services := services | byTag}}{{$tag}}{{range $services}} {{.Name}}{{end}};{{end}}`, "blue apache apache-admin;fast web;green apache;http web;old web;"},
	{"byKey", `{{range $top, $pairs := tree "config" | byKey}}{{$top}}:{{range $key, $pair := $pairs}} {{$key}}={{.Value}}{{end}}{{end}}`, "db: host=10.0.0.9 port=5432"},
	{"byMeta", `{{range $m, $s := service "apache" | byMeta "zone,version|int"}}{{$m}} {{len $s}} {{end}}`, "a_00007 1 b_00012 1 "},
	{"byPort", `{{range $port, $s := service "apache" | byPort}}{{$port}} {{len $s}}{{end}}`, "80 2"},
	{"explode", `{{with tree "config" | explode}}{{.db.host}} {{.mode}}{{end}}`, "10.0.0.9 fast"},

	{"toJSON", `{{tree "config/db" | explode | toJSON}}{{"<" | toJSON}}`, `{"host":"10.0.0.9","port":"5432"}"\u003c"`},
	{"toJSONPretty", `{{tree "config/db" | explode | toJSONPretty}}`, "{\n  \"host\": \"10.0.0.9\",\n  \"port\": \"5432\"\n}"},
	{"toUnescapedJSON", `{{"<" | toUnescapedJSON}}`, `"<"`},
	{"toUnescapedJSONPretty", `{{split "," "<,b" | toUnescapedJSONPretty}}`, "[\n  \"<\",\n  \"b\"\n]"},
	{"toYAML", `{{tree "config/db" | explode | toYAML}}`, "host: 10.0.0.9\nport: \"5432\""},
	{"parseJSON", `{{with parseJSON "{\"a\":[1,2]}"}}{{index .a 1}}{{end}}{{len (parseJSON "")}}`, "20"},
	{"parseYAML", `{{with parseYAML "a: [1, 2]"}}{{index .a 1}}{{end}}`, "2"},
	{"parseBool", `{{parseBool "true"}}{{parseBool ""}}`, "truefalse"},
	{"parseFloat", `{{parseFloat "1.5"}}{{parseFloat ""}}`, "1.50"},
	{"parseInt", `{{parseInt "-7"}}{{parseInt ""}}`, "-70"},
	{"parseUint", `{{parseUint "7"}}{{parseUint ""}}`, "70"},
	{"join", `{{split "," "a,b" | join "+"}}`, "a+b"},
	{"split", `{{range split "," "a,b"}}<{{.}}>{{end}}{{len (split "," " ")}}`, "<a><b>0"},
	{"splitToMap", `{{(splitToMap "," ":" "a:1, b:2").b}}`, "2"},
	{"indent", `{{"a\n\nb\n" | indent 2}}`, "  a\n\n  b\n"},
	{"regexMatch", `{{"web-1" | regexMatch "^web-[0-9]$"}}`, "true"},
	{"regexReplaceAll", `{{"a.b" | regexReplaceAll "(\\w)\\.(\\w)" "$2-$1"}}`, "b-a"},
	{"replaceAll", `{{"a.b.c" | replaceAll "." "_"}}`, "a_b_c"},
	{"toLower", `{{toLower "ABC"}}`, "abc"},
	{"toUpper", `{{toUpper "abc"}}`, "ABC"},
	{"toTitle", `{{toTitle "a word"}}`, "A Word"},
	{"trim", `{{"xax" | trim "x"}}`, "a"},
	{"trimPrefix", `{{"ab" | trimPrefix "a"}}`, "b"},
	{"trimSuffix", `{{"ab" | trimSuffix "b"}}`, "a"},
	{"trimSpace", `{{trimSpace "  a\n"}}`, "a"},
	{"in", `{{range service "apache"}}{{if in .Tags "blue"}}{{.Node}}{{end}}{{end}}{{in "abc" "b"}}{{in (parseJSON "{\"a\":1}") "a"}}`, "node-1truetrue"},
	{"contains", `{{range service "apache"}}{{if .Tags | contains "green"}}{{.Node}}{{end}}{{end}}`, "node-2"},
	{"containsAll", `{{$want := split "," "a,b"}}{{containsAll $want (split "," "b,a,c")}}{{containsAll $want (split "," "a")}}`, "truefalse"},
	{"containsAny", `{{$want := parseJSON "[\"a\"]"}}{{containsAny $want (split "," "a,c")}}{{containsAny $want (split "," "c")}}`, "truefalse"},
	{"containsNone", `{{$want := split "," "a"}}{{containsNone $want (split "," "a,c")}}{{containsNone $want (split "," "c")}}`, "falsetrue"},
	{"containsNotAll", `{{$want := split "," "a,b"}}{{containsNotAll $want (split "," "a")}}{{containsNotAll $want (split "," "b,a")}}`, "truefalse"},
	{"loop", `{{range loop 3}}{{.}}{{end}} {{range $i := loop 5 8}}{{$i}}{{end}}`, "012 567"},
	{"add", `{{1 | add 2}} {{1.5 | add 2}}`, "3 3.5"},
	{"subtract", `{{5 | subtract 2}}`, "3"},
	{"multiply", `{{2 | multiply 3}}`, "6"},
	{"divide", `{{7 | divide 2}}`, "3"},
	{"modulo", `{{7 | modulo 4}}`, "3"},
	{"minimum", `{{5 | minimum 2}}`, "2"},
	{"maximum", `{{5 | maximum 2}}`, "5"},
	{"base64Encode", `{{base64Encode "a?>"}}`, "YT8+"},
	{"base64Decode", `{{base64Decode "YT8+"}}`, "a?>"},
	{"base64URLEncode", `{{base64URLEncode "a?>"}}`, "YT8-"},
	{"base64URLDecode", `{{base64URLDecode "YT8-"}}`, "a?>"},
	{"md5sum", `{{md5sum "a"}}`, "0cc175b9c0f1b6a831c399e269772661"},
	{"sha256Hex", `{{sha256Hex "a"}}`, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
	{"hmacSHA256Hex", `{{hmacSHA256Hex "message" "key"}}`, "6e9ef29b75fffc5b7abae527d58fdadb2fe42e7219011976917343065f58ed4a"},
}

func TestFunctions_give_what_consul_template_gives(t *testing.T) {
	tested := map[string]bool{}
	for _, r := range append(rows, sprigRows...) {
		tested[r.function] = true
		if !strings.Contains(r.text, r.function+" ") && !strings.Contains(r.text, r.function+"}") {
			t.Errorf("%s is not called in %s", r.function, r.text)
		}
		got, err := rendered(t, r.text)
		if err != nil || string(got.Data) != r.want {
			t.Errorf("%s: %s = %q, %v, want %q", r.function, r.text, got.Data, err, r.want)
		}
	}
	for name := range Functions() {
		plain, isSprig := strings.CutPrefix(name, "sprig_")
		if !tested[name] && !(isSprig && tested[plain] && consul[plain] == nil) {
			t.Errorf("no row tests %s", name)
		}
	}
}

func TestFunctions_are_those_of_the_page(t *testing.T) {
	page, err := os.ReadFile("../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(page), "## Functions")
	list, rest, _ := strings.Cut(list, "### Not offered")
	if !ok {
		t.Fatal("docs/templates.md has no section Functions")
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	documented := func(text string) map[string]bool {
		names := map[string]bool{}
		for _, row := range regexp.MustCompile(`(?m)^\| (.*?) \|`).FindAllStringSubmatch(text, -1) {
			for _, m := range regexp.MustCompile("`(\\w+)[^`]*`").FindAllStringSubmatch(row[1], -1) {
				names[m[1]] = true
			}
		}
		return names
	}
	offered, not := documented(list), documented(rest)
	for _, name := range slices.Sorted(maps.Keys(Functions())) {
		if plain, isSprig := strings.CutPrefix(name, "sprig_"); !offered[name] && !(isSprig && offered[plain]) {
			t.Errorf("docs/templates.md does not list %s", name)
		}
	}
	for name := range offered {
		if Functions()[name] == nil {
			t.Errorf("docs/templates.md lists %s, which there is not", name)
		}
	}
	for name := range refused {
		if !not[name] {
			t.Errorf("docs/templates.md does not list %s as not offered", name)
		}
		if Functions()[name] != nil {
			t.Errorf("%s is refused, and there", name)
		}
	}
	for name := range not {
		if refused[name] == "" {
			t.Errorf("docs/templates.md lists %s as not offered, and no error would say why", name)
		}
	}
}
