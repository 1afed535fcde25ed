// A page that is opened from the menu writes its state into its address a moment later. Without this that would be a second
// step of the browser's history, and Back would have to be pressed twice to leave the page.
if (!history.echoic) {
  history.echoic = true;
  const push = history.pushState;
  history.pushState = function (state, title, url) {
    const next = new URL(url, location.href);
    const isFirst = !location.search && next.search && next.pathname === location.pathname;
    return (isFirst ? history.replaceState : push).call(history, state, title, url);
  };
}
