package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The module that users install, and those of ours that it needs.
const (
	library = "github.com/hawser-ws/websocket"
	quicOf  = library + "/http3"
	tool    = library + "/cmd/ws"
)

// goMod is what go mod edit -json prints, as far as it matters here.
type goMod struct {
	Require []struct{ Path, Version string }
	Replace []json.RawMessage
}

func readGoMod(t *testing.T) (mod goMod) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	if err == nil {
		err = json.Unmarshal(out, &mod)
	}
	if err != nil {
		t.Fatal(err)
	}
	return mod
}

// "If the module containing packages named on the command line has a go.mod file, it
// must not contain directives (replace and exclude) that would cause it to be
// interpreted differently if it were the main module" (go help install).
//
// So the modules are published, in a directory that serves as a module proxy, and the
// tool is installed from there as a user would: without the workspace, and with the
// versions of its own go.mod. What it depends on comes from the module cache.
func TestInstall(t *testing.T) {
	t.Parallel()
	mod := readGoMod(t)
	if len(mod.Replace) > 0 {
		t.Errorf("go.mod has a replace directive, with which go install %s@VERSION is refused", tool)
	}
	var version string
	for _, r := range mod.Require {
		if r.Path == library {
			version = r.Version
		}
	}
	if version == "" {
		t.Fatalf("go.mod does not require %s", library)
	}
	dir := t.TempDir()
	proxy := filepath.Join(dir, "proxy")
	publish(t, proxy, library, version, filepath.FromSlash("../.."))
	publish(t, proxy, quicOf, version, filepath.FromSlash("../../http3"))
	publish(t, proxy, tool, version, ".")

	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules, proxies, _ := strings.Cut(strings.TrimSpace(string(cache)), "\n")
	cmd := exec.CommandContext(t.Context(), "go", "install", tool+"@"+version)
	cmd.Dir = dir // outside of every module
	cmd.Env = append(os.Environ(),
		"GOWORK=off", "GOSUMDB=off",
		"GOFLAGS=-modcacherw -trimpath", // a cache that can be removed, and objects that do not depend on where it was
		"GOBIN="+filepath.Join(dir, "bin"),
		"GOMODCACHE="+filepath.Join(dir, "cache"), // what was published here is not for anybody else
		"GOPROXY="+strings.Join([]string{fileURL(proxy), fileURL(filepath.Join(modules, "cache", "download")), strings.TrimSpace(proxies)}, ","),
	)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go install: %v\n%s", err, out)
	}
	name := "ws"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", name), "help").CombinedOutput(); err != nil {
		t.Errorf("ws help: %v\n%s", err, out)
	}
}

func fileURL(dir string) string {
	dir = filepath.ToSlash(dir)
	if !strings.HasPrefix(dir, "/") {
		dir = "/" + dir
	}
	return "file://" + dir
}

// publish puts the module in root into the directory of a module proxy, as
// https://go.dev/ref/mod#goproxy-protocol describes it, without what is only there for
// tests.
func publish(t *testing.T, proxy, path, version, root string) {
	t.Helper()
	at := filepath.Join(proxy, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, p []byte) {
		if err := os.WriteFile(filepath.Join(at, name), p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("list", []byte(version+"\n"))
	write(version+".info", fmt.Appendf(nil, `{"Version":%q}`, version))
	write(version+".mod", mod)
	file, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(file)
	err = addModule(z, path+"@"+version+"/", root)
	if err := errors.Join(err, z.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
}

func addModule(z *zip.Writer, prefix, root string) error {
	return filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != root:
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			if err == nil || strings.HasPrefix(e.Name(), ".") || e.Name() == "testdata" { // another module
				return fs.SkipDir
			}
			return nil
		case !e.Type().IsRegular() || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		p, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		w, err := z.Create(prefix + filepath.ToSlash(inside))
		if err == nil {
			_, err = w.Write(p)
		}
		return err
	})
}
