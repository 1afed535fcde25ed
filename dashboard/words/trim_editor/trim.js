// A clip's spectrogram with its beginning and end to drag. What lies between them is what plays, and what is kept. It runs in
// the browser; the server hears of the ends when they have come to rest.

const STEP = 0.01; // seconds that an arrow key moves an end
const LEAP = 0.1; // with Shift
const REST_MS = 350; // after the last key

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".trim");
  if (root.editor?.id !== data.id) {
    root.editor?.close();
    root.editor = open(root, data);
  }
  root.editor.tell = (edges) => setStateValue("edges", edges);
  return root.editor.close;
}

function open(root, data) {
  root.replaceChildren();
  const round = (seconds) => Math.round(1000 * seconds) / 1000;
  const edges = [...(data.trim ?? [0, data.seconds])];
  const editor = { id: data.id, tell: () => {}, close };

  const controls = make("div", "controls", root);
  const play = make("button", "main", controls);
  const whole = make("button", "", controls, "Whole clip");
  const said = make("span", "said", controls);
  said.ariaLive = "polite";
  const plot = make("div", "plot", root);
  const canvas = make("canvas", "", plot);
  canvas.role = "img";
  canvas.ariaLabel = "Spectrogram: low pitch at the bottom";
  const before = make("div", "off before", plot);
  const after = make("div", "off after", plot);
  const head = make("div", "head", plot);
  head.hidden = true;
  const handles = ["beginning", "end"].map((name, which) => {
    const handle = make("div", "edge", plot);
    handle.tabIndex = 0;
    handle.role = "slider";
    handle.ariaLabel = name;
    handle.onkeydown = (event) => {
      const step = event.shiftKey ? LEAP : STEP;
      const to = {
        ArrowLeft: edges[which] - step, ArrowDown: edges[which] - step,
        ArrowRight: edges[which] + step, ArrowUp: edges[which] + step,
        Home: 0, End: data.seconds,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      move(which, to);
      rest();
    };
    return handle;
  });
  const axis = make("div", "axis", root);
  for (let tick = 0; tick <= 4; tick++) {
    const label = make("span", "", axis, `${((data.seconds * tick) / 4).toFixed(2)} s`);
    label.style.left = `${25 * tick}%`;
  }
  const hint = make("p", "hint", root, "Drag the ends to the word.");
  make("span", "keys", hint, " With the keyboard: Tab to one, then the arrow keys (with Shift ten times as far).");

  const values = bytesOf(data.picture);
  function draw() {
    const fresh = emptied(canvas);
    if (!fresh) return;
    const picture = pictured(data.columns, data.rows, rampOf(root, "size"), (place) => values[place]);
    fresh.context.drawImage(picture, 0, 0, fresh.width, fresh.height);
  }

  function show() {
    const [start, end] = edges;
    const places = edges.map((one) => `${(100 * one) / data.seconds}%`);
    handles.forEach((handle, which) => {
      handle.style.left = places[which];
      handle.ariaValueMin = which ? round(start + data.shortest) : 0;
      handle.ariaValueMax = which ? data.seconds : round(end - data.shortest);
      handle.ariaValueNow = edges[which];
      handle.ariaValueText = `${edges[which].toFixed(2)} seconds`;
    });
    before.style.width = places[0];
    after.style.width = `${100 - (100 * end) / data.seconds}%`;
    const isWhole = start === 0 && end === data.seconds;
    whole.disabled = isWhole;
    said.textContent = isWhole
      ? `${data.seconds.toFixed(2)} s`
      : `${start.toFixed(2)} s to ${end.toFixed(2)} s: ${(end - start).toFixed(2)} s of ${data.seconds.toFixed(2)} s`;
  }

  function move(which, to) {
    const low = which ? edges[0] + data.shortest : 0;
    const high = which ? data.seconds : edges[1] - data.shortest;
    edges[which] = round(Math.max(low, Math.min(high, to)));
    if (high < low) edges[which] = which ? data.seconds : 0; // a clip shorter than the shortest
    show();
  }

  let resting = 0;
  function rest(delay = REST_MS) {
    clearTimeout(resting);
    resting = setTimeout(() => editor.tell([...edges]), delay);
  }

  plot.onpointerdown = (event) => {
    const seconds = () => ((event.clientX - canvas.getBoundingClientRect().left) / canvas.clientWidth) * data.seconds;
    const at = seconds();
    const onHandle = handles.indexOf(event.target);
    const which = onHandle >= 0 ? onHandle : Number(Math.abs(at - edges[1]) < Math.abs(at - edges[0]));
    event.preventDefault();
    handles[which].focus();
    plot.setPointerCapture(event.pointerId);
    const shift = onHandle >= 0 ? edges[which] - at : 0; // where the handle was taken hold of
    const drag = (moved) => {
      event = moved;
      move(which, seconds() + shift);
    };
    if (!shift) drag(event);
    plot.onpointermove = drag;
    plot.onpointerup = plot.onpointercancel = () => {
      plot.onpointermove = plot.onpointerup = plot.onpointercancel = null;
      rest(0);
    };
  };
  whole.onclick = () => {
    edges.splice(0, 2, 0, data.seconds);
    show();
    rest(0);
    play.focus();
  };

  // --- what is heard
  let context = null;
  let sound = null;
  let source = null;
  async function start() {
    context ??= new AudioContext();
    await context.resume();
    sound ??= await context.decodeAudioData(bytesOf(data.audio).buffer);
    if (editor.closed) return;
    stop();
    source = context.createBufferSource();
    source.buffer = sound;
    source.connect(context.destination);
    const [from, until] = edges;
    const began = context.currentTime;
    const playing = source;
    source.onended = () => source === playing && stop();
    source.start(0, from, until - from);
    label();
    head.hidden = false;
    const tick = () => {
      if (source !== playing) return;
      head.style.left = `${(100 * Math.min(until, from + context.currentTime - began)) / data.seconds}%`;
      requestAnimationFrame(tick);
    };
    tick();
  }

  function stop() {
    const playing = source;
    source = null;
    playing?.stop();
    head.hidden = true;
    label();
  }

  function label() {
    play.textContent = source ? "■ Stop" : "▶ Play";
    make("kbd", "", play, "P");
    play.ariaKeyShortcuts = "P";
  }

  play.onclick = () => (source ? stop() : start());
  const key = (event) => {
    const typing = event.composedPath().some((one) => one instanceof Element && (one.matches("input, textarea, select") || one.isContentEditable));
    if (event.key.toLowerCase() !== "p" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (!event.repeat) play.onclick();
  };
  document.addEventListener("keydown", key);
  const leave = drawAgain(root, plot, draw);

  function close() {
    editor.closed = true;
    clearTimeout(resting);
    document.removeEventListener("keydown", key);
    leave();
    stop();
    context?.close();
    root.editor = null;
  }

  label();
  show();
  if (data.play) start();
  return editor;
}
