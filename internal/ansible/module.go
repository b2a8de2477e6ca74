package ansible

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// Main runs a module and ends the process: the whole life of a module's main
// function. Arguments are read from the file named by the first argument, or
// from stdin when there is none. Under ssh stdin may be a terminal that never
// ends, so it is not touched when there is a file. --help and --version are for
// a person who runs the module by hand.
func Main(spec Spec, run func(Call) Result) {
	if text, ok := about(spec, os.Args[1:]); ok {
		_, _ = os.Stdout.WriteString(text)
		return
	}
	input, err := arguments(os.Args[1:], os.Stdin)
	output, code := respond(spec, input, err, run)
	if _, err := os.Stdout.Write(output); err != nil {
		code = 1
	}
	os.Exit(code)
}

func arguments(args []string, stdin io.Reader) ([]byte, error) {
	if len(args) > 1 {
		return nil, fmt.Errorf("read arguments: want one file of them, or JSON on stdin; got %d words", len(args))
	}
	data, err := []byte(nil), error(nil)
	if len(args) == 1 {
		data, err = os.ReadFile(args[0])
	} else {
		data, err = io.ReadAll(stdin)
	}
	if err != nil {
		return nil, fmt.Errorf("read arguments: %w", err)
	}
	return data, nil
}

// respond turns arguments into one line of JSON and an exit code. inputErr is
// why there are no arguments. A panic of run becomes a failure with its stack,
// which Ansible shows, where text on stderr would spoil the result.
func respond(spec Spec, input []byte, inputErr error, run func(Call) Result) (output []byte, code int) {
	req := request{module: spec.Module}
	defer func() {
		if p := recover(); p != nil {
			output, code = req.answer(Result{
				Err:    fmt.Errorf("%s module: internal error: %v", req.module, p),
				Values: map[string]any{"exception": string(debug.Stack())},
			})
		}
	}()
	if inputErr != nil {
		return req.answer(Result{Err: inputErr})
	}
	if err := req.read(spec, input); err != nil {
		return req.answer(Result{Err: err})
	}
	if spec.Root && os.Geteuid() != 0 {
		return req.answer(Result{Err: fmt.Errorf("%s has to be root on the host: say become: true in the task or the play, or -b in an ad-hoc call", req.module)})
	}
	return req.answer(run(req.call))
}
