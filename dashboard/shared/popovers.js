// Streamlit draws what a popover shows at the end of the page: by keyboard it could be reached only behind all the rest.
// With this, Tab leads from the button of an open popover into it, and from its end to what comes after the button.
if (!document.echoicPopovers) {
  document.echoicPopovers = true;
  const TAKES_FOCUS = "a[href], button:enabled, input:enabled, textarea:enabled, select:enabled, audio, summary, [tabindex='0']";
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Tab") return;
    const body = document.querySelector('[data-testid="stPopoverBody"]');
    const button = document.querySelector('[data-testid="stPopover"] button[aria-expanded="true"]');
    if (!body || !button) return;
    const inside = [...body.querySelectorAll(TAKES_FOCUS)].filter((one) => one.tabIndex >= 0 && one.getClientRects().length);
    if (event.target === button && !event.shiftKey && inside.length) {
      event.preventDefault();
      inside[0].focus();
    } else if (event.target === inside[0] && event.shiftKey) {
      event.preventDefault();
      button.focus();
    } else if (event.target === inside.at(-1) && !event.shiftKey) {
      button.focus(); // from where the browser goes on
      button.click();
    }
  });
}
