package desk

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
)

// sheetOf is the XPath of what the accounts page says of an account.
func sheetOf(key string) string { return `//section[@aria-labelledby="sheet-` + key + `"]` }

// toConsent goes from the accounts page to the page on which a network asks.
func (v *visit) toConsent(network string) {
	v.t.Helper()
	v.click(`//a[text()="Connect an account"]`)
	v.click(`//a[b[text()="` + network + `"]]`)
	v.do(chromedp.SendKeys(`//label[contains(., "Handle")]/following-sibling::input`, "atelier"))
	v.click(`//button[text()="Continue"]`)
	v.see(`//button[@value="deny"]`)
}

// narrow asserts that the page fits the narrowest telephones.
func (v *visit) narrow(page string) {
	v.t.Helper()
	v.do(chromedp.EmulateViewport(320, 700))
	assert.LessOrEqual(v.t, eval[int](v, `document.documentElement.scrollWidth`), 320, "%s scrolls sideways", page)
	v.shoot("narrow-" + page)
	v.do(chromedp.EmulateViewport(1280, 1000))
}

func TestConnectingAnAccount(t *testing.T) {
	t.Parallel()
	v := open(t, start(t, "-quiet"))
	v.do(chromedp.Navigate(v.home + "/acme/accounts"))

	// Denied: it says so, and what to do.
	v.toConsent("Murmure")
	v.narrow("consent")
	v.click(`//button[@value="deny"]`)
	v.see(`//h1[text()="It was not allowed"]`)
	v.see(`//*[@role="alert"][contains(., "Start again, and allow it.")]`)
	v.shoot("connect-denied")

	// Allowed, but not all of it.
	v.toConsent("Murmure")
	v.click(`//input[@name="scope"][@value="moderate"]`)
	v.click(`//button[@value="allow"]`)
	v.see(`//h1[text()="Choose accounts"]`)
	assert.NotContains(t, eval[string](v, `location.href`), "code=", "the code is not in the address")
	v.see(`//li[contains(., "without it there is no moderate, moderate.pending, moderate.log")]`)
	v.click(`//summary[text()="What it can do"]`)
	v.see(`//tr[th[text()="publish"]]/td[text()="yes"]`)
	v.shoot("connect-choose")
	v.narrow("connect-choose")
	v.click(`//main//button[text()="Connect"]`)
	v.see(`//h1[text()="Connected"]`)
	v.see(`//*[@role="status"][contains(., "murmure:atelier")]`)
	v.shoot("connect-done")
	v.click(`//a[text()="Go on"]`)

	// It is there with its health, and takes part at once.
	atelier := sheetOf("murmure-atelier")
	v.see(atelier + `//p[contains(., "Health: limited")]`)
	v.see(atelier + `//p[@class="lack"][contains(., "moderate")]`)
	v.shoot("connect-accounts")
	v.click(`//a[text()="Compose"]`)
	v.do(chromedp.SendKeys(`//textarea[@id="text"]`, "Bonjour de l'atelier"))
	v.click(`//button[text()="Publish"]`)
	v.see(`//section[@data-network="murmure-atelier"]//*[@class="state"][text()="published"]`)

	// And gone again.
	v.click(`//a[text()="Accounts"]`)
	v.click(atelier + `//button[text()="Disconnect"]`)
	v.see(`//*[@role="status"][contains(., "murmure:atelier is disconnected")]`)
	v.do(chromedp.WaitNotPresent(atelier))
}

// Connecting needs no script, and keeps to the colours that somebody prefers.
func TestConnectingWithoutJavaScriptInTheDark(t *testing.T) {
	t.Parallel()
	v := open(t, start(t, "-quiet"), scheme("dark"),
		tell(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	v.do(chromedp.Navigate(v.home + "/acme/accounts"))
	v.toConsent("Agora")
	v.click(`//button[@value="allow"]`)
	v.see(`//h1[text()="Choose accounts"]`)
	v.do(chromedp.SetValue(`//label[text()="Where it posts"]/following-sibling::select`, "parvis://agora/place/c1?host=forum.acme.example"))
	v.shoot("dark-connect-choose")
	v.click(`//main//button[text()="Connect"]`)
	v.see(`//h1[text()="Connected"]`)
	v.do(chromedp.Navigate(v.home + "/acme/accounts"))
	v.see(sheetOf("agora-atelier") + `//p[contains(., "Health: healthy")]`)
	v.shoot("dark-connect-accounts")
}
