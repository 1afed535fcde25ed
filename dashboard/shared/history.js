// Streamlit writes two steps into the browser's history where the user takes one, so Back would have to be pressed twice:
// a page opened from the menu gets its state a moment after its path; and where the page is drawn quickly, its state comes
// first, into the address of the page before. A drawing may say later still what it shows: what is written before the page
// has been touched is no step.
if (!history.echoic) {
  history.echoic = true;
  const AT_ONCE = 1000; // ms between the two
  const { pushState, replaceState } = history;
  let last = null;
  let touched = false;
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => { touched = true; }, true);
  addEventListener("popstate", () => { touched = false; });
  history.pushState = function (state, title, url) {
    const next = new URL(url, location.href);
    const samePath = next.pathname === location.pathname;
    const isPathOfState = !samePath && last?.here === location.href && next.search === location.search && Date.now() - last.at < AT_ONCE;
    if (!samePath) touched = false;
    if (isPathOfState) {
      replaceState.call(history, state, title, last.replaced ? last.before : url);
      if (last.replaced) pushState.call(history, state, title, url);
      last = null;
      return;
    }
    const replaced = samePath && (!touched || (!location.search && next.search !== ""));
    const before = location.href;
    (replaced ? replaceState : pushState).call(history, state, title, url);
    last = samePath ? { here: location.href, before, replaced, at: Date.now() } : null;
  };
}
