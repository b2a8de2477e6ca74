// Package ansible is what a module needs of Ansible: arguments read strictly
// against a specification, with Ansible's types, coercions and wording, and
// one JSON object as the result.
//
// ansible-core checks nothing for a binary module: it hands over what the
// user wrote, strings only in ad-hoc calls. Source of rules and wording:
// ansible-core 2.14, module_utils/common/{arg_spec,parameters,validation}.py;
// of how a binary module is called: plugins/action/__init__.py. README.md
// lists where this package differs on purpose; a test holds the rest against
// the real one.
//
// Its files stand in layers; a file knows only those of its own and of lower ones:
//
//	module.go about.go check.go            a module's life, from arguments to the exit code
//	request.go answer.go result.go         what Ansible asks, and the line that it gets
//	reading.go                             all levels of the arguments
//	level.go types.go rules.go unknown.go  one level: types, conditions, names
//	secret.go                              no_log values, and their masking
//	coerce.go path.go size.go python.go    a value as Python would turn it into a type
//	spec.go text.go json.go                the specification, and what a text is
//	between.go                             limits of a number, for modules
package ansible

// Spec describes a module's parameters; it is the one place that knows them.
// Package stub makes of it what ansible-doc shows, so texts may use the markup
// that ansible-core 2.14 knows: C(code or value), I(option), B(bold), U(URL).
type Spec struct {
	Module string  // as in a task; errors name it unless Ansible gives another name
	Params []Param // in the order of the documentation
	Rules
	Elsewhere []Elsewhere // names that are no parameters and are taken for some
	Root      bool        // only root can do what it does

	Collection   string   // whose versions RemovedIn names; "" for none
	Short        string   // one line, no full stop
	Description  []string // a paragraph each
	Notes        []string
	Requirements []string // of the host
	VersionAdded string
	Examples     string   // YAML, as a user writes it
	Returns      []Return // besides changed, msg, diff and the like
}

// Param is one parameter.
type Param struct {
	Name     string
	Type     Type     // "" is Str
	Elements Type     // of a List; "" leaves them as they are
	Values   Type     // of a Dict without Options; "" leaves them as they are
	Number   bool     // of a Str, or a List of Str: a number is meant, and taken as it is written; otherwise only a text is
	Required bool     // excludes Default
	Default  any      // string, int, bool, float64, []string or nil; nil: absent unless given
	Choices  []string // nil: anything; of a List, for each element
	NoLog    bool     // its value, and all values in it, appear in no output
	NoLogIf  string   // a Bool beside it, with which it is NoLog
	Aliases  []string // other names; with both given the alias wins, and a warning says so
	Fallback []string // environment variables; the first that is set is taken if none is given

	// Options are the parameters within a Dict, or within each element of a
	// List of Dict; nil leaves those unchecked. Rules are between them.
	Options       []Param
	Rules         Rules
	Word          string // of a List of Dict: the option that an element means which is a word and no dict; "": there is none
	ApplyDefaults bool   // a Dict that is not given is an empty one, so that defaults of Options apply

	RemovedIn         string       // version without the parameter; giving it returns a deprecation
	RemovedAt         string       // or its date, YYYY-MM-DD
	DeprecatedAliases []Deprecated // those of Aliases that will go

	Description  []string // a paragraph each
	VersionAdded string
}

// Elsewhere are names that people know from elsewhere, at whatever level they
// write them, and what is to be said of them.
type Elsewhere struct {
	Names  string // separated by spaces
	Advice string // why there is no such parameter, or what to write instead
}

// Deprecated is an alias that will go: in a version or at a date.
type Deprecated struct {
	Name string
	In   string
	At   string // YYYY-MM-DD
}

// Return is one value that a module returns.
type Return struct {
	Name        string
	Type        Type
	Elements    Type
	Description []string
	Returned    string // when, such as "success"; "" is always
	Sample      any
	Contains    []Return // of a Dict, or of each element of a List of Dict
}

// Type is a parameter's type, under Ansible's name.
type Type string

const (
	Str   Type = "str"
	Int   Type = "int"
	Float Type = "float"
	Bool  Type = "bool"
	List  Type = "list"
	Dict  Type = "dict"
	Path  Type = "path"  // a string, its ~ and $NAME replaced
	Raw   Type = "raw"   // anything, as it comes
	JSON  Type = "json"  // a string of JSON, also where it comes decoded
	Bytes Type = "bytes" // a number of bytes, written 10M or 10MB
	Bits  Type = "bits"  // a number of bits, written 10M or 10Mb

	JSONArg Type = "jsonarg" // another name of JSON
)

// Rules are conditions between parameters of one level. A parameter counts
// when it is given or has a default; for MutuallyExclusive, when it is given.
type Rules struct {
	MutuallyExclusive [][]string
	RequiredTogether  [][]string
	RequiredOneOf     [][]string
	RequiredIf        []RequiredIf
	RequiredBy        []RequiredBy
}

// RequiredIf asks for all of Params, or with Any for one of them, when Param
// has Value.
type RequiredIf struct {
	Param  string
	Value  any
	Params []string
	Any    bool
}

// RequiredBy asks for all of Params when Param is given.
type RequiredBy struct {
	Param  string
	Params []string
}

// names are p's own name and its aliases; in a call the last given counts.
func (p Param) names() []string { return append([]string{p.Name}, p.Aliases...) }

// kind is p's type.
func (p Param) kind() Type {
	if p.Type == "" {
		return Str
	}
	return p.Type
}

func (p Param) fallback(env func(string) (string, bool)) (string, bool) {
	for _, name := range p.Fallback {
		if v, ok := env(name); ok {
			return v, true
		}
	}
	return "", false
}
