package main

import (
	"testing"

	"rundock/internal/moduletest"
	"rundock/modules/rundock/params"
)

func TestDocsStub(t *testing.T) { moduletest.Stub(t, params.Spec) }

func TestAnsibleDocShowsTheModule(t *testing.T) { moduletest.AnsibleDoc(t, params.Spec) }

func TestExamplesUseParametersThatThereAre(t *testing.T) { moduletest.Examples(t, params.Spec) }
