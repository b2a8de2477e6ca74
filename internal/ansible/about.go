package ansible

// version is set at link time.
var version = "development"

// about is what a module says to a person who runs it by hand: its version, or
// what it is. ok is false where args are not for that.
func about(spec Spec, args []string) (text string, ok bool) {
	if len(args) != 1 {
		return "", false
	}
	switch args[0] {
	case "--version":
		return spec.Module + " " + version + "\n", true
	case "--help", "-h":
		return "usage: " + spec.Module + " [FILE]\n\n" + spec.Short + ". Ansible runs it, with its arguments as a JSON object in FILE or on stdin, and it\n" +
			"answers with a line of JSON. Its parameters are in ansible-doc " + spec.Module + ".\n", true
	}
	return "", false
}
