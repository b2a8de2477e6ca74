package main

import (
	"flag"
	"testing"

	"rundock/internal/moduletest"
)

var update = flag.Bool("update", false, "write the documentation that ansible-doc reads")

func TestDocsStub(t *testing.T) { moduletest.Stub(t, parameters, *update) }

func TestAnsibleDocShowsTheModule(t *testing.T) { moduletest.AnsibleDoc(t, parameters) }

func TestExamplesUseParametersThatThereAre(t *testing.T) { moduletest.Examples(t, parameters) }
