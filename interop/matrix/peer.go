package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/hawser-ws/websocket/autobahn"
)

// A manifest is peers/NAME/manifest.json.
type manifest struct {
	Name     string   `json:"name"`
	Language string   `json:"language"`
	Project  string   `json:"project"`  // URL
	Note     string   `json:"note"`     // how the peer is configured
	Packages []string `json:"packages"` // of Debian
}

// A peer is an implementation that can be judged.
type peer struct {
	manifest
	Key   string // the name of its folder
	dir   string
	cache string // of all peers; the peer's own part is cache/Key
}

// findPeers reads the manifests below dir, sorted by key.
func findPeers(dir, cache string) ([]*peer, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "manifest.json"))
	if err != nil {
		return nil, err
	}
	var peers []*peer
	for _, file := range files {
		p := &peer{dir: filepath.Dir(file), cache: cache}
		p.Key = filepath.Base(p.dir)
		in, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(in, &p.manifest); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if p.Name == "" || p.Language == "" || !strings.HasPrefix(p.Project, "https://") {
			return nil, fmt.Errorf("%s: it needs a name, a language and the project's https URL", file)
		}
		if len(p.roles()) == 0 {
			return nil, fmt.Errorf("%s: there is no program server and no program client beside it", file)
		}
		peers = append(peers, p)
	}
	if len(peers) == 0 {
		return nil, fmt.Errorf("no peer in %s: the command runs in the folder interop", dir)
	}
	return peers, nil
}

// choose returns the peers whose keys are in the list only; all if it is empty.
func choose(peers []*peer, only string) ([]*peer, error) {
	if only == "" {
		return peers, nil
	}
	var chosen []*peer
	for key := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(peers, func(p *peer) bool { return p.Key == strings.TrimSpace(key) })
		if i < 0 {
			return nil, fmt.Errorf("there is no peer %q", key)
		}
		chosen = append(chosen, peers[i])
	}
	return chosen, nil
}

// roles returns the roles that the peer has a program for.
func (p *peer) roles() (roles []autobahn.Role) {
	for _, role := range []autobahn.Role{autobahn.Server, autobahn.Client} {
		if p.has(role.String()) {
			roles = append(roles, role)
		}
	}
	return roles
}

func (p *peer) has(program string) bool {
	info, err := os.Stat(filepath.Join(p.dir, program))
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// command returns a program of the peer, ready to start.
func (p *peer) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "./"+program, args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "MATRIX_CACHE="+p.cache)
	return cmd
}

// installing keeps setups apart: dpkg allows one at a time.
var installing sync.Mutex

// setup installs what the peer needs, and returns its version.
func (p *peer) setup(ctx context.Context) (version string, err error) {
	installing.Lock()
	defer installing.Unlock()
	if err := installPackages(ctx, p.Packages); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(p.cache, p.Key), 0o755); err != nil {
		return "", err
	}
	if p.has("setup") {
		if out, err := p.command(ctx, "setup").CombinedOutput(); err != nil {
			return "", fmt.Errorf("setup: %w\n%s", err, tail(out))
		}
	}
	out, err := p.command(ctx, "version").Output()
	if err != nil {
		return "", fmt.Errorf("version: %w", err)
	}
	version = strings.TrimSpace(string(out))
	if version == "" || strings.Contains(version, "\n") {
		return "", fmt.Errorf("version printed %q, not one line", version)
	}
	return version, nil
}

// installPackages installs the Debian packages that are missing.
func installPackages(ctx context.Context, packages []string) error {
	var missing []string
	for _, name := range packages {
		status, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Status}", name).Output()
		if err != nil || !strings.HasSuffix(string(status), " installed") {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	args := append([]string{"apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"}, missing...)
	if os.Getuid() != 0 {
		args = append([]string{"sudo"}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, tail(out))
	}
	return nil
}

// tail returns the last lines of out.
func tail(out []byte) string {
	const lines = 20
	all := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
