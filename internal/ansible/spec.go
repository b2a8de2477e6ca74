// Package ansible is what a module needs of Ansible: arguments read strictly
// against a specification, with Ansible's types, coercions and wording, and
// one JSON object as the result.
//
// ansible-core checks nothing for a binary module: it hands over what the
// user wrote, strings only in ad-hoc calls. Source of rules and wording:
// ansible-core 2.14, module_utils/common/{arg_spec,parameters,validation}.py;
// of how a binary module is called: plugins/action/__init__.py.
package ansible

// Spec describes a module's parameters; it is the one place that knows them.
type Spec struct {
	Module string  // as in a task; errors name it unless Ansible gives another name
	Params []Param // in the order of the documentation
	Rules
}

// Param is one parameter.
type Param struct {
	Name     string
	Type     Type     // "" is Str
	Elements Type     // of a List; "" leaves them as they are
	Required bool     // excludes Default
	Default  any      // string, int, bool or nil; nil: absent unless given
	Choices  []string // nil: anything
	NoLog    bool     // its value appears in no output
}

// Type is a parameter's type, under Ansible's name.
type Type string

const (
	Str  Type = "str"
	Int  Type = "int"
	Bool Type = "bool"
	List Type = "list"
	Dict Type = "dict"
)

// Rules are conditions between parameters. A parameter counts when it is
// given or has a default.
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
