package build

import (
	"slices"
	"strings"
	"testing"
)

func TestInspect_names_lines_that_need_BuildKit(t *testing.T) {
	for text, want := range map[string]string{
		"FROM a\nRUN --mount=type=secret,id=x \\\n  make\n":                    "Dockerfile:2: RUN: --mount",
		"FROM a\nRUN --mount=target=. make\n":                                  "Dockerfile:2: RUN: --mount",
		"FROM a\nRUN --mount=type=cache,from=b,target=/x make\n":               "Dockerfile:2: RUN: --mount",
		"FROM a\nRUN --mount=type=$T,target=/x make\n":                         "Dockerfile:2: RUN: --mount",
		"FROM a\n\n# x\nrun --network=none make\n":                             "Dockerfile:4: RUN: --network",
		"FROM a\nRUN a \\\n # comment\n\n  b\nCOPY --from=b --chmod=755 x /\n": "Dockerfile:6: COPY: --chmod",
		"FROM a\nADD --checksum=sha256:1 x /\n":                                "Dockerfile:2: ADD: --checksum",
		"FROM a-${TARGETVARIANT}\n":                                            "Dockerfile:1: FROM: $TARGETVARIANT",
		"FROM a-${TARGETARCH:-x}\n":                                            "Dockerfile:1: FROM: $TARGETARCH",
		"FROM a\nCOPY <<-'E' /x\nE\n":                                          "Dockerfile:2: COPY: a text in place",
		"FROM a\nRUN <<E\necho\n":                                              "Dockerfile:2: RUN: a text in place",
		"FROM a\nRUN <<E\n#!/bin/sh\nE\n":                                      "Dockerfile:2: RUN: a text in place (<<) that begins with #!",
		"FROM a\nSHELL [\"bash\"]\nRUN <<E\necho\nE\n":                         "Dockerfile:3: RUN: a text in place (<<) with a SHELL",
		"FROM a\nRUN <<E\nCOPY --chmod=1 a b\nE\nCOPY --chmod=1 a b\n":         "Dockerfile:5: COPY: --chmod",
		"FROM a\nONBUILD RUN --security=insecure x\n":                          "Dockerfile:2: RUN: --security",
		"# escape=`\nFROM a\nRUN a `\n --mount=x\nCOPY --parents a b\n":        "Dockerfile:5: COPY: --parents",
	} {
		got := inspect("Dockerfile", text, "amd64")
		if len(got.wrong) != 1 || !strings.HasPrefix(got.wrong[0], want) {
			t.Errorf("inspect(%q) = %q, want one line that begins with %q", text, got.wrong, want)
		}
	}
}

// What is written otherwise makes the same by this builder, and the lines keep their numbers.
func TestInspect_writes_for_this_builder_what_is_for_BuildKit(t *testing.T) {
	for text, want := range map[string]string{
		"FROM --platform=$BUILDPLATFORM a\nFROM --platform=${TARGETPLATFORM} b-$TARGETARCH\n":       "FROM --platform=linux/arm64 a\nFROM --platform=linux/arm64 b-arm64\n",
		"FROM a\nRUN --mount=type=cache,target=/x --mount=type=tmpfs,target=/y \\\n  make\n":        "FROM a\nRUN   \\\n  make\n",
		"FROM a\nRUN \\\n # why\n --mount=target=/x,type=cache make --mount=target=/x,type=cache\n": "FROM a\nRUN \\\n # why\n  make --mount=target=/x,type=cache\n",
		"FROM a\nCOPY --link --from=b x /\nRUN\t--network=default\tmake\n":                          "FROM a\nCOPY  --from=b x /\nRUN\t\tmake\n",
		"FROM a\nRUN <<EOF\necho \"$A\" \\\n b\nEOF\nUSER x\n":                                      "FROM a\nRUN [\"/bin/sh\",\"-c\",\"echo \\\"$A\\\" \\\\\\n b\\n\"]\n\n\n\nUSER x\n",
		"FROM a\nRUN --mount=type=cache,target=/c <<-\"EOF\"\n\techo\n\tEOF\nUSER x":                "FROM a\nRUN [\"/bin/sh\",\"-c\",\"echo\\n\"]\n\n\nUSER x",
		"FROM a\nRUN cat <<A && cat <<B\na\nA\nb\nB\n":                                              "FROM a\nRUN [\"/bin/sh\",\"-c\",\"cat \\u003c\\u003cA \\u0026\\u0026 cat \\u003c\\u003cB\\na\\nA\\nb\\nB\\n\"]\n\n\n\n\n",
	} {
		got := inspect("Dockerfile", text, "arm64")
		if len(got.wrong) > 0 || got.text != want {
			t.Errorf("inspect(%q) writes\n%q, and refuses %q, want\n%q", text, got.text, got.wrong, want)
		}
	}
	got := inspect("Dockerfile", "FROM a\nRUN --mount=type=cache,target=/x make\n", "amd64")
	if len(got.notes) != 1 || !strings.HasPrefix(got.notes[0], "Dockerfile:2: RUN: --mount=type=cache,target=/x is left out") {
		t.Errorf("notes %q, want what is left out", got.notes)
	}
}

func TestInspect_leaves_alone_what_every_builder_does(t *testing.T) {
	const text = "# syntax=docker/dockerfile:1\nARG V=1\nFROM --platform=linux/amd64 golang:$V AS b\nARG TARGETARCH\nARG TARGETOS=linux\nARG TARGETARCH\nRUN echo '--mount' && cat <<<x; a << 2 \\\n--mount\n" +
		"COPY --from=b --chown=1:1 x /\nRUN GOARCH=$TARGETARCH go build\nUSER x\nCMD [\"a\"]\n"
	got := inspect("Dockerfile", text, "amd64")
	if len(got.wrong) > 0 || len(got.notes) > 0 || got.text != text || !slices.Equal(got.platforms, []string{"TARGETARCH"}) {
		t.Errorf("inspect = %+v", got)
	}
	if args := platformArgs([]string{"TARGETARCH", "BUILDPLATFORM", "TARGETOS", "TARGETVARIANT"}, "arm64"); len(args) != 3 || args["TARGETARCH"] != "arm64" || args["BUILDPLATFORM"] != "linux/arm64" || args["TARGETOS"] != "linux" {
		t.Errorf("platformArgs = %v", args)
	}
}

func TestIgnore(t *testing.T) {
	for _, c := range []struct{ text, ignored, kept string }{
		{"", "", "a a/b"},
		{"# *\n\n  a  \n", "a a/b a/b/c", "b/a ab"},
		{"/a/\n./b", "a a/x b", "c/a"},
		{"*.log", "x.log", "d/x.log x.logs"},
		{"**/*.log", "x.log d/x.log d/e/x.log", "x.txt"},
		{"**/node_modules", "node_modules a/node_modules/b", "node_modules2"},
		{"a/**", "a/b a/b/c", "b"},
		{"*\n!keep\n!src/**\n", "x src", "keep keep/a src/a src/b/c"},
		{"a\n!a/b\na/b/c", "a a/x a/b/c", "a/b a/b/d"},
		{"x?z\n[ab]c\n[^a]d", "xyz ac bc bd", "xz cc ad"},
		{`\!a`, "!a", "a"},
		{"../x\n.\n/", "x", "a"},
		{"a.c", "a.c", "abc"},
	} {
		i, err := parseIgnore(c.text)
		if err != nil {
			t.Errorf("parseIgnore(%q): %v", c.text, err)
		}
		for _, name := range strings.Fields(c.ignored) {
			if !i.ignores(name) {
				t.Errorf("%q does not leave out %s", c.text, name)
			}
		}
		for _, name := range strings.Fields(c.kept) {
			if i.ignores(name) {
				t.Errorf("%q leaves out %s", c.text, name)
			}
		}
	}
	for _, text := range []string{"a\n[b", `a\`, "[z-a]"} {
		if _, err := parseIgnore(text); err == nil || !strings.Contains(err.Error(), ".dockerignore:") {
			t.Errorf("parseIgnore(%q): %v", text, err)
		}
	}
}
