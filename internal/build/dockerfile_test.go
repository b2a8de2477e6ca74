package build

import (
	"slices"
	"strings"
	"testing"
)

func TestInspect_names_lines_that_need_BuildKit(t *testing.T) {
	for text, want := range map[string]string{
		"FROM a\nRUN --mount=type=cache,target=/x \\\n  make\n":                "Dockerfile:2: RUN: --mount",
		"FROM a\n\n# x\nrun --network=none make\n":                             "Dockerfile:4: RUN: --network",
		"FROM a\nRUN a \\\n # comment\n\n  b\nCOPY --from=b --chmod=755 x /\n": "Dockerfile:6: COPY: --chmod",
		"FROM a\nADD --checksum=sha256:1 x /\n":                                "Dockerfile:2: ADD: --checksum",
		"FROM --platform=$BUILDPLATFORM a\n":                                   "Dockerfile:1: FROM: $BUILDPLATFORM",
		"FROM --platform=${TARGETPLATFORM} a\n":                                "Dockerfile:1: FROM: $TARGETPLATFORM",
		"FROM a\nRUN <<EOF\necho\nEOF\n":                                       "Dockerfile:2: RUN: a text in place",
		"FROM a\nCOPY <<-'E' /x\nE\n":                                          "Dockerfile:2: COPY: a text in place",
		"FROM a\nONBUILD RUN --security=insecure x\n":                          "Dockerfile:2: RUN: --security",
		"# escape=`\nFROM a\nRUN a `\n --mount=x\nCOPY --link a b\n":           "Dockerfile:5: COPY: --link",
	} {
		got := inspect("Dockerfile", text)
		if len(got.wrong) != 1 || !strings.HasPrefix(got.wrong[0], want) {
			t.Errorf("inspect(%q) = %q, want one line that begins with %q", text, got.wrong, want)
		}
	}
}

func TestInspect_leaves_alone_what_every_builder_does(t *testing.T) {
	const text = "# syntax=docker/dockerfile:1\nARG V=1\nFROM --platform=linux/amd64 golang:$V AS b\nARG TARGETARCH\nARG TARGETOS=linux\nARG TARGETARCH\nRUN echo '--mount' && cat <<<x; a << 2 \\\n--mount\n" +
		"COPY --from=b --chown=1:1 x /\nRUN GOARCH=$TARGETARCH go build\nUSER x\nCMD [\"a\"]\n"
	got := inspect("Dockerfile", text)
	if len(got.wrong) > 0 || !slices.Equal(got.platforms, []string{"TARGETARCH"}) {
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
