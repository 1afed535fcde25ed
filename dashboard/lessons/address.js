// What is at the cursor stands in the address of the page, so a link shows the same; a saved page has no address.

// The number under a name in the address, at most `most`; undefined without one.
function numberOfAddress(name, most) {
  const wanted = new URLSearchParams(location.search).get(name);
  return wanted !== null && /^\d+$/.test(wanted) ? Math.min(Number(wanted), most) : undefined;
}

let telling = 0;
function tellAddress(values) {
  if (location.protocol === "file:") return;
  clearTimeout(telling); // a browser allows a hundred changes in ten seconds
  telling = setTimeout(() => {
    const address = new URL(location.href);
    for (const [name, value] of Object.entries(values)) address.searchParams.set(name, value);
    history.replaceState(history.state, "", address);
  }, 250);
}
