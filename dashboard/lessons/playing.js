// Plays step by step from where the cursor is, or from the beginning if it is at the end; the button becomes Pause.

// `position` and `last` are functions, as is `each`: the milliseconds of a step; `go` moves the cursor.
function playing(button, { position, last, each, go }) {
  let request = null;
  const pause = () => {
    if (request) cancelAnimationFrame(request);
    request = null;
    button.textContent = "▶ Play";
  };
  button.onclick = () => {
    if (request) return pause();
    const first = position() >= last() ? 0 : position();
    const began = performance.now();
    const lasts = each();
    button.textContent = "❚❚ Pause";
    const tick = (time) => {
      const to = Math.min(last(), first + Math.max(0, Math.floor((time - began) / lasts)));
      if (to !== position()) go(to);
      if (to >= last()) return pause();
      request = requestAnimationFrame(tick);
    };
    request = requestAnimationFrame(tick);
  };
  pause();
  return { pause, isOn: () => request !== null };
}
