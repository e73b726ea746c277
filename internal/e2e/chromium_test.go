package e2e

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// browserOptions are how Chromium starts for tests, with a folder of its own.
// Its headless shell is the same browser without windows of its own, which take
// half the processor's time.
func browserOptions(folder string) []chromedp.ExecAllocatorOption {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(folder),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	if shell, err := exec.LookPath("chromium-headless-shell"); err == nil {
		options = append(options, chromedp.ExecPath(shell))
	}
	return options
}

// chromium is the one browser of the test binary.
var chromium = sync.OnceValues(func() (context.Context, error) {
	options := browserOptions(filepath.Join(shared.dir, "chromium"))
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, endBrowser := chromedp.NewContext(allocator)
	atEnd(func() error {
		err := chromedp.Cancel(browser)
		endBrowser()
		endAllocator()
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	})
	return browser, chromedp.Do(browser) // starts it
})

// size is a screen.
type size struct {
	name          string
	width, height int64
}

// sizes are the smallest phone that counts, and a desk.
var sizes = []size{{"phone", 320, 700}, {"desk", 1280, 900}}

// onEachSize runs a test at both sizes, beside other tests of the browser.
func onEachSize(t *testing.T, test func(t *testing.T, screen size)) {
	t.Parallel()
	for _, screen := range sizes {
		t.Run(screen.name, func(t *testing.T) {
			t.Parallel()
			test(t, screen)
		})
	}
}

// tab is a page of the browser, with cookies of its own, as a person uses it:
// by what they see and by real clicks and keys.
type tab struct {
	t    testing.TB
	ctx  context.Context
	base string
	size size
}

// patience is how long a page may take to show what is awaited.
const patience = 30 * time.Second

func newTab(t testing.TB, base string, screen size) *tab {
	t.Helper()
	browser, err := chromium()
	must(t, err)
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &tab{t, ctx, base, screen}
	b.do(chromedp.EmulateViewport(screen.width, screen.height))
	// Several tabs are open at once, and each is to be the one in front.
	command(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return b
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatalf("%v\non the page %s", err, b.excerpt())
	}
}

// command gives the browser a command that the library has no action for.
func command[P, R any](b *tab, c cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, c, params); err != nil {
		b.t.Fatal(err)
	}
}

// withoutScripts switches them off, as the browser's own setting does.
func (b *tab) withoutScripts() *tab {
	b.t.Helper()
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return b
}

// withoutOurScript keeps the portal's script away and leaves scripts on, which
// tools that look at the page need.
func (b *tab) withoutOurScript() *tab {
	b.t.Helper()
	command(b, network.Enable, network.EnableParams{})
	command(b, network.SetBlockedURLs, network.SetBlockedURLsParams{
		URLPatterns: []*network.BlockPattern{
			{URLPattern: "*://*:*/static/survey.*.js", Block: true}, {URLPattern: "*://*:*/static/refer.*.js", Block: true},
		},
	})
	return b
}

// offline takes the network away, or gives it back.
func (b *tab) offline(away bool) {
	b.t.Helper()
	command(b, network.Enable, network.EnableParams{})
	command(b, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: away, DownloadThroughput: -1, UploadThroughput: -1}},
	})
}

// ask evaluates an expression in the page.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// awaitThat waits until an expression holds. While a page gives way to
// another it may fail for a moment.
func (b *tab) awaitThat(expression, what string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && got {
			return
		}
		if time.Now().After(deadline) || b.ctx.Err() != nil {
			b.t.Fatalf("waited in vain: %s (%v)\non the page %s", what, err, b.excerpt())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (b *tab) open(path string) *tab {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
	return b
}
