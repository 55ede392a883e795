package desk

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience bounds a whole visit, so that something that never comes fails the test.
const patience = 2 * time.Minute

var (
	shots   = flag.String("shots", "", "folder for pictures of the pages")
	program = sync.OnceValues(build)
	browser = sync.OnceValues(chromium)
)

// build compiles the desk, once for all tests.
func build() (string, error) {
	dir, err := os.MkdirTemp("", "desk")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "desk")
	cmd := exec.Command("go", "build", "-o", bin, "./examples/desk")
	cmd.Dir = filepath.Join("..", "..", "..")
	cmd.Stderr = os.Stderr
	return bin, cmd.Run()
}

// chromium finds the browser, or installs it.
func chromium() (string, error) {
	if bin, err := exec.LookPath("chromium"); err == nil || os.Getuid() != 0 {
		return bin, err
	}
	for _, args := range [][]string{{"update"}, {"install", "-y", "--no-install-recommends", "chromium"}} {
		cmd := exec.Command("apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return "", err
		}
	}
	return exec.LookPath("chromium")
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if bin, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(code)
}

// start runs the desk on a free port and returns its address. Ctrl-C ends it after the
// test, in good order.
func start(t *testing.T, args ...string) string {
	t.Helper()
	bin, err := program()
	require.NoError(t, err)
	cmd := exec.Command(bin, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "the desk says where it is")
	home := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(lines.Text())
	require.NotEmpty(t, home, lines.Text())
	t.Cleanup(func() {
		assert.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		for lines.Scan() {
		}
		assert.NoError(t, cmd.Wait(), "Ctrl-C ends it cleanly")
		assert.Empty(t, problems.String())
	})
	return strings.TrimSuffix(home, "/")
}

// A step is something done in the browser.
type step = chromedp.Action[chromedp.Void]

// tell sends a command of the DevTools protocol, see
// https://chromedevtools.github.io/devtools-protocol/tot/.
func tell[P, R any](c cdp.Command[P, R], params P) step {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, c, params)
		return chromedp.Void{}, err
	}
}

// A visit is one browser at one desk.
type visit struct {
	t    *testing.T
	ctx  context.Context
	home string

	mu       sync.Mutex
	problems []string
}

// open starts a browser of its own. At the end of the test it must have met no error in
// its console and asked nobody but the desk.
func open(t *testing.T, home string, first ...step) *visit {
	t.Helper()
	bin, err := browser()
	require.NoError(t, err, "Chromium is needed: apt-get install chromium")
	opts := append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath(bin), chromedp.NoFirstRun, chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 1000),
	}, flags("disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-default-apps", "hide-scrollbars", "disable-dev-shm-usage")...)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	ctx, quit := chromedp.NewExecAllocator(ctx, opts...)
	ctx, leave := chromedp.NewContext(ctx)
	v := &visit{t: t, ctx: ctx, home: home}
	t.Cleanup(func() {
		leave()
		quit()
		cancel()
		v.mu.Lock()
		defer v.mu.Unlock()
		assert.Empty(t, v.problems)
	})
	own, err := url.Parse(home)
	require.NoError(t, err)
	require.NoError(t, chromedp.Listen(ctx, func(ev any) { v.watch(own.Host, ev) }))
	v.do(append([]step{tell(network.Enable, network.EnableParams{}), tell(log.Enable, cdp.Empty{})}, first...)...)
	return v
}

func flags(names ...string) []chromedp.ExecAllocatorOption {
	opts := make([]chromedp.ExecAllocatorOption, len(names))
	for i, name := range names {
		opts[i] = chromedp.Flag(name, true)
	}
	return opts
}

// watch notes what a page must not do.
func (v *visit) watch(own string, ev any) {
	problem := ""
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		problem = "exception: " + ev.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning {
			problem = "console: " + string(ev.Type)
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError || ev.Entry.Level == log.EntryLevelWarning {
			problem = "log: " + ev.Entry.Text + " " + ev.Entry.URL
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(ev.Request.URL); err != nil || u.Scheme == "http" && u.Host != own || u.Scheme == "https" || u.Scheme == "ws" {
			problem = "request to " + ev.Request.URL
		}
	}
	if problem != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.problems = append(v.problems, problem)
	}
}

// do runs steps. If one does not come to its end, the test fails and shows the page.
func (v *visit) do(steps ...step) {
	v.t.Helper()
	v.check(chromedp.Do(v.ctx, steps...))
}

func (v *visit) check(err error) {
	v.t.Helper()
	if err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(v.ctx, 5*time.Second)
	defer cancel()
	page, _ := chromedp.Run(ctx, chromedp.Text("body"))
	require.NoError(v.t, err, page)
}

// see waits until something that the XPath expression names is in sight.
func (v *visit) see(xpath string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 30*time.Second)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.WaitVisible(xpath))
	if err != nil {
		err = fmt.Errorf("%s: %w", xpath, err)
	}
	v.check(err)
}

// click waits for something and clicks on it.
func (v *visit) click(xpath string) {
	v.t.Helper()
	v.see(xpath)
	v.do(chromedp.Click(xpath))
}

// attribute reads an attribute of the first element that matches.
func (v *visit) attribute(xpath, name string) string {
	v.t.Helper()
	v.see(xpath)
	got, err := chromedp.Run(v.ctx, chromedp.AttributeValue(xpath, name))
	v.check(err)
	require.True(v.t, got.Exists, "%s has no %s", xpath, name)
	return got.Value
}

// eval returns what a script gives in the page.
func eval[T any](v *visit, script string) T {
	v.t.Helper()
	got, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](script))
	v.check(err)
	return got
}

// shoot leaves a picture of the page, if pictures are wanted.
func (v *visit) shoot(name string, more ...step) {
	v.t.Helper()
	if *shots == "" {
		return
	}
	v.do(more...)
	require.NoError(v.t, os.MkdirAll(*shots, 0o750))
	png, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
	v.check(err)
	require.NoError(v.t, os.WriteFile(filepath.Join(*shots, "desk-"+name+".png"), png, 0o600))
}

// scheme sets the colours that the person prefers.
func scheme(name string) step {
	return tell(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
}
