package render

import (
	"encoding/base64"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// Functions returns all functions that templates may call; docs/templates.md
// has them. A name of both consul-template and sprig is consul-template's, and
// sprig's is at sprig_NAME, as all of sprig's are.
func Functions() template.FuncMap {
	all := template.FuncMap{}
	theirs := sprig.TxtFuncMap()
	for _, name := range pure {
		all[name], all["sprig_"+name] = theirs[name], theirs[name]
	}
	all["keys"], all["sprig_keys"] = keys, keys
	all["values"], all["sprig_values"] = values, values
	for name, f := range consul {
		all[name] = f
	}
	delete(all, "slice") // Go's own has that name
	for name, f := range (*view)(nil).bound() {
		all[name] = f
	}
	return all
}

// bound are the functions that look into the store. Without a view they are only
// to be parsed with.
func (v *view) bound() template.FuncMap {
	return template.FuncMap{
		"service": v.service, "services": v.services, "nodes": v.nodes,
		"key": v.key, "keyOrDefault": v.keyOrDefault, "keyExists": v.keyExists, "keyExistsGet": v.keyExistsGet,
		"ls": v.ls, "tree": v.tree, "safeLs": v.safeLs, "safeTree": v.safeTree,
		"executeTemplate": v.executeTemplate,
	}
}

// consul are consul-template's other functions.
var consul = template.FuncMap{
	"byTag": byTag, "byKey": byKey, "byMeta": byMeta, "byPort": byPort, "explode": explode,

	"toJSON": writeJSON("", true), "toJSONPretty": writeJSON("  ", true),
	"toUnescapedJSON": writeJSON("", false), "toUnescapedJSONPretty": writeJSON("  ", false),
	"toYAML": toYAML, "parseJSON": parseJSON, "parseYAML": parseYAML,
	"parseBool": parseBool, "parseFloat": parseFloat, "parseInt": parseInt, "parseUint": parseUint,

	"join":  func(separator string, list []string) string { return strings.Join(list, separator) },
	"split": split, "splitToMap": splitToMap, "indent": indent,
	"regexMatch": regexMatch, "regexReplaceAll": regexReplaceAll,
	"replaceAll": func(from, to, s string) string { return strings.ReplaceAll(s, from, to) },
	"toLower":    strings.ToLower, "toUpper": strings.ToUpper, "toTitle": strings.Title,
	"trim":       func(cut, s string) string { return strings.Trim(s, cut) },
	"trimPrefix": func(prefix, s string) string { return strings.TrimPrefix(s, prefix) },
	"trimSuffix": func(suffix, s string) string { return strings.TrimSuffix(s, suffix) },
	"trimSpace":  strings.TrimSpace,

	"in": in, "contains": contains,
	"containsAll":    containsSome(func(found, all int) bool { return found == all }),
	"containsAny":    containsSome(func(found, all int) bool { return found > 0 }),
	"containsNone":   containsSome(func(found, all int) bool { return found == 0 }),
	"containsNotAll": containsSome(func(found, all int) bool { return found < all }),

	"loop": loop, "add": add, "subtract": subtract, "multiply": multiply, "divide": divide, "modulo": modulo,
	"minimum": minimum, "maximum": maximum,

	"base64Encode": encode64(base64.StdEncoding), "base64Decode": decode64(base64.StdEncoding),
	"base64URLEncode": encode64(base64.URLEncoding), "base64URLDecode": decode64(base64.URLEncoding),
	"md5sum": md5sum, "sha256Hex": sha256Hex, "hmacSHA256Hex": hmacSHA256Hex,
}

// pure are sprig's functions that give the same for the same arguments on every
// host: none reads the environment, the clock, a time zone or the network, none
// is random, and none has the order of a Go map.
var pure = strings.Fields(`
	abbrev abbrevboth trunc upper lower title untitle substr repeat trimAll nospace initials swapcase snakecase camelcase kebabcase
	wrap wrapWith hasPrefix hasSuffix trim trimPrefix trimSuffix contains quote squote cat indent nindent replace plural
	sha1sum sha256sum sha512sum adler32sum toString toStrings join split splitList splitn sortAlpha
	atoi int int64 float64 toDecimal seq until untilStep add add1 sub div mod mul add1f addf subf divf mulf max min maxf minf ceil floor round
	default empty coalesce all any compact ternary fromJson mustFromJson toJson mustToJson toPrettyJson mustToPrettyJson toRawJson mustToRawJson deepCopy
	typeOf typeIs typeIsLike kindOf kindIs deepEqual base dir clean ext isAbs
	b64enc b64dec b32enc b32dec list tuple dict get set unset hasKey pluck pick omit merge mergeOverwrite
	append push prepend first rest last initial reverse uniq without has slice concat dig chunk
	semver semverCompare fail duration
	regexMatch mustRegexMatch regexFind mustRegexFind regexFindAll mustRegexFindAll regexReplaceAll mustRegexReplaceAll regexReplaceAllLiteral
	mustRegexReplaceAllLiteral regexSplit mustRegexSplit regexQuoteMeta urlParse urlJoin`)

// Why a function that consul-template or sprig has is not offered.
const (
	whyEnvironment = "the environment is that of rundockd; put the value into the store, or into the template"
	whyClock       = "it would change the file at each rendering"
	whyRandom      = "it is another value at each rendering"
	whyNetwork     = "a file is made from the store alone"
	whyFiles       = "a file is made from the store alone, and nothing would tell of a change"
	whyVault       = "there is no Vault; modules/rundock's secrets are for services"
	whyConsul      = "it is about Consul's own catalogue, of which the records have nothing"
	whyDebug       = "its output is for Go's developers; toJSONPretty shows a value"
)

var refused = reasons(map[string]string{
	whyEnvironment: "env mustEnv envOrDefault expandenv",
	whyClock: "timestamp now ago date date_in_zone date_modify dateInZone dateModify durationRound htmlDate htmlDateInZone must_date_modify " +
		"mustDateModify mustToDate toDate unixEpoch",
	whyRandom: "randAlphaNum randAlpha randAscii randNumeric randInt randBytes shuffle uuidv4 bcrypt htpasswd genPrivateKey genCA genCAWithKey " +
		"genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey buildCustomCert encryptAES decryptAES derivePassword",
	whyNetwork: "getHostByName sockaddr plugin",
	whyFiles:   "file writeToFile",
	whyVault:   "secret secrets pkiCert",
	whyConsul: "datacenters node connect caRoots caLeaf peerings partitions exportedServices nomadService nomadServices nomadVar nomadVarList " +
		"nomadVarListSafe nomadVarExists",
	whyDebug: "spew_dump spew_printf spew_sdump spew_sprintf",
})

// reasons is the reason of each name.
func reasons(names map[string]string) map[string]string {
	why := map[string]string{}
	for reason, list := range names {
		for _, name := range strings.Fields(list) {
			why[name] = reason
		}
	}
	return why
}
