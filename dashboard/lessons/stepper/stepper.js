// The stepper: a clip frame by frame, everything on one time axis under one cursor. It runs in the browser alone: moving the
// cursor asks nothing of the server and redraws only the cursor and the text.

const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f"];
const DASHES = [[], [7, 3], [2, 2], [8, 2, 2, 2], [4, 4], [1, 3], [10, 4]];
// The ends of each ramp differ in lightness, which works without colour too.
const RAMPS = {
  viridis: ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"],
  open: ["#0d1b2a", "#1b4965", "#3a86a8", "#9ccfd8", "#fff4d6"], // closed to open
  signed: ["#053061", "#4393c3", "#f4f4f0", "#d6604d", "#67001f"], // minus to plus
};
const SECONDS_OF_PLAYING = { "slow": 16, "normal": 7, "as spoken": 0 };

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".stepper");
  if (root.stop) root.stop(); // the same place, another clip
  root.replaceChildren();
  let frame = frameOfAddress(data.frames);
  let playing = null;

  const make = (tag, name, parent, text) => {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };

  // --- above the rows: buttons, and the answer at the cursor
  const controls = make("div", "controls", root);
  const play = make("button", "main", controls, "▶ Play");
  const back = make("button", "", controls, "◀");
  back.ariaLabel = "one frame back";
  const on = make("button", "", controls, "▶|");
  on.ariaLabel = "one frame on";
  const speed = make("select", "", controls);
  speed.ariaLabel = "how fast";
  for (const name of Object.keys(SECONDS_OF_PLAYING)) make("option", "", speed, name);
  speed.value = "normal";
  const where = make("span", "where", controls);
  const now = make("div", "now", root);
  const answer = make("div", "", now);
  make("div", "", answer, "If the clip ended here:");
  const best = make("div", "heard", answer);
  const sure = make("div", "", answer);
  const bars = make("div", "bars", now);
  const words = make("ul", "words", now);

  // --- the rows
  const rows = make("div", "rows", root);
  const plots = [];
  const row = (title, note, height, draw, key) => {
    const line = make("div", "row", rows);
    const name = make("div", "name", line, title);
    if (note) make("small", "", name, note);
    const plot = make("div", "plot", line);
    if (key) plot.append(key);
    const canvas = make("canvas", "", plot);
    canvas.role = "img";
    canvas.ariaLabel = note ? `${title}: ${note}` : title;
    canvas.style.height = `${height}px`;
    plots.push({ canvas, height, draw, plot });
  };
  row("Waveform", "", 64, waveform);
  for (const strip of data.strips) row(strip.title, strip.note, strip.height, heatmap(strip));
  row("Answer so far", "if the clip ended here", 120, shares, shareKey());
  const foot = make("div", "row", rows);
  make("div", "name", foot, "");
  const track = make("div", "plot", foot);
  const slider = make("input", "", track);
  slider.type = "range";
  slider.min = 0;
  slider.max = data.frames - 1;
  slider.ariaLabel = "frame";
  const axis = make("div", "axis", track);
  const ticks = 5;
  for (let tick = 0; tick <= ticks; tick++) {
    const seconds = (data.seconds * tick) / ticks;
    const label = make("span", "", axis, `${seconds.toFixed(2)} s`);
    label.style.left = `${(100 * tick) / ticks}%`;
  }
  const cursor = make("div", "cursor", rows);

  // A frame is read when it ends, so its column ends there too.
  const x = (seconds, width) => (seconds / data.seconds) * width;
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  function waveform(context, width, height) {
    context.fillStyle = colour("--accent");
    const [low, high] = data.envelope;
    const loudest = Math.max(0.02, ...high.map(Math.abs), ...low.map(Math.abs));
    low.forEach((value, column) => {
      const left = (column / low.length) * width;
      const top = height / 2 - (high[column] / loudest) * (height / 2);
      const bottom = height / 2 - (value / loudest) * (height / 2);
      context.fillRect(left, top, width / low.length + 0.5, Math.max(1, bottom - top));
    });
  }

  function heatmap(strip) {
    const bytes = Uint8Array.from(atob(strip.values), (one) => one.charCodeAt(0)); // (columns, rows), 0..255
    const picture = document.createElement("canvas");
    picture.width = strip.columns;
    picture.height = strip.rows;
    const image = new ImageData(strip.columns, strip.rows);
    const table = ramp(RAMPS[strip.ramp]);
    for (let column = 0; column < strip.columns; column++)
      for (let line = 0; line < strip.rows; line++) {
        const at = 4 * ((strip.rows - 1 - line) * strip.columns + column); // the first one lies lowest
        image.data.set(table[bytes[column * strip.rows + line]], at);
      }
    picture.getContext("2d").putImageData(image, 0, 0);
    return (context, width, height) => {
      context.imageSmoothingEnabled = false;
      const from = x(data.offset, width);
      const until = Math.min(width, from + x(strip.columns * strip.column_seconds, width));
      context.fillStyle = colour("--quiet");
      context.fillRect(0, 0, width, height);
      context.drawImage(picture, from, 0, until - from, height);
    };
  }

  function shown() {
    // The labels that are ever likely; the others would only lie on the ground.
    const most = data.labels.map((label, number) => Math.max(...data.prefix_probabilities.map((one) => one[number])));
    return data.labels
      .map((label, number) => ({ label, number, most: most[number] }))
      .sort((one, other) => other.most - one.most)
      .slice(0, 5);
  }

  function shareKey() {
    const key = document.createElement("div");
    key.className = "key";
    shown().forEach(({ label }, place) => {
      const one = make("span", "", key);
      one.innerHTML = `<svg viewBox="0 0 28 10"><line x1="0" y1="5" x2="28" y2="5" stroke="${PALETTE[place]}" stroke-width="3" stroke-dasharray="${DASHES[place].join(" ")}"/></svg>`;
      one.append(label);
    });
    return key;
  }

  function shares(context, width, height) {
    context.strokeStyle = colour("--line");
    context.lineWidth = 1;
    for (const share of [0, 0.5, 1]) {
      context.beginPath();
      context.moveTo(0, 4 + (1 - share) * (height - 8));
      context.lineTo(width, 4 + (1 - share) * (height - 8));
      context.stroke();
    }
    shown().forEach(({ number }, place) => {
      context.strokeStyle = PALETTE[place];
      context.setLineDash(DASHES[place]);
      context.lineWidth = 2.2;
      context.beginPath();
      data.prefix_probabilities.forEach((one, at) => context.lineTo(x(middle(at), width), 4 + (1 - one[number]) * (height - 8)));
      context.stroke();
    });
    context.setLineDash([]);
  }

  function middle(at) {
    return (at + 0.5) * data.frame_seconds + data.offset;
  }

  function drawAll() {
    const scale = window.devicePixelRatio || 1;
    for (const { canvas, height, draw } of plots) {
      const width = canvas.clientWidth;
      if (!width) continue;
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      const context = canvas.getContext("2d");
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, width, height);
      draw(context, width, height);
    }
    move();
  }

  // --- the cursor
  function move() {
    const plot = plots[0].plot.getBoundingClientRect();
    const left = plot.left - rows.getBoundingClientRect().left;
    cursor.style.transform = `translateX(${left + x(middle(frame), plot.width)}px)`;
    cursor.style.bottom = `${foot.offsetHeight + 5}px`;
    slider.value = frame;
    const end = (frame + 1) * data.frame_seconds + data.offset;
    slider.ariaValueText = `${end.toFixed(2)} seconds`;
    where.textContent = `${end.toFixed(2)} s · frame ${frame + 1} of ${data.frames}`;
    const ranked = data.labels
      .map((label, number) => [label, data.prefix_probabilities[frame][number]])
      .sort((one, other) => other[1] - one[1]);
    best.textContent = ranked[0][0];
    sure.textContent = `${(100 * ranked[0][1]).toFixed(0)} % confidence`;
    bars.replaceChildren();
    ranked.slice(0, 5).forEach(([label, share], place) => {
      make("span", "", bars, label);
      const bar = make("i", place ? "" : "first", bars);
      bar.style.width = `${100 * share}%`;
      make("b", "", bars, `${(100 * share).toFixed(0)} %`);
    });
    words.replaceChildren();
    const step = Math.min(Math.floor(frame / data.frames_a_step), data.steps - 1);
    for (const sentence of data.sentences[step]) make("li", "", words, sentence);
  }

  function go(to) {
    frame = Math.max(0, Math.min(data.frames - 1, to));
    tellAddress(frame);
    move();
  }

  function pause() {
    if (playing) cancelAnimationFrame(playing);
    playing = null;
    play.textContent = "▶ Play";
  }

  play.onclick = () => {
    if (playing) return pause();
    const first = frame >= data.frames - 1 ? 0 : frame;
    const began = performance.now();
    const lasts = (SECONDS_OF_PLAYING[speed.value] || data.seconds) / data.frames; // seconds a frame
    play.textContent = "❚❚ Pause";
    const tick = (time) => {
      go(first + Math.floor((time - began) / 1000 / lasts));
      if (frame >= data.frames - 1) return pause();
      playing = requestAnimationFrame(tick);
    };
    playing = requestAnimationFrame(tick);
  };
  back.onclick = () => (pause(), go(frame - 1));
  on.onclick = () => (pause(), go(frame + 1));
  slider.oninput = () => (pause(), go(Number(slider.value)));
  const drag = (event) => {
    const plot = plots[0].plot.getBoundingClientRect();
    if (event.target === slider) return;
    pause();
    const seconds = ((event.clientX - plot.left) / plot.width) * data.seconds - data.offset;
    go(Math.floor(seconds / data.frame_seconds));
  };
  rows.onpointerdown = (event) => {
    if (event.target === slider) return;
    rows.setPointerCapture(event.pointerId);
    drag(event);
    rows.onpointermove = drag;
  };
  rows.onpointerup = rows.onpointercancel = () => (rows.onpointermove = null);

  const watch = new ResizeObserver(drawAll);
  watch.observe(rows);
  root.stop = () => {
    pause();
    clearTimeout(telling); // or it would write into the address of the next page
    watch.disconnect();
  };
  drawAll();
  return root.stop;
}

// The cursor stands in the address of the page, so a link shows the same frame; a saved page has none.
function frameOfAddress(frames) {
  const wanted = new URLSearchParams(location.search).get("frame");
  return wanted !== null && /^\d+$/.test(wanted) ? Math.min(Number(wanted), frames - 1) : frames - 1;
}

let telling = 0;
function tellAddress(frame) {
  if (location.protocol === "file:") return;
  clearTimeout(telling); // a browser allows a hundred changes in ten seconds
  telling = setTimeout(() => {
    const address = new URL(location.href);
    address.searchParams.set("frame", frame);
    history.replaceState(history.state, "", address);
  }, 250);
}

// 256 colours between those given.
function ramp(stops) {
  const numbers = stops.map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));
  return Array.from({ length: 256 }, (_, value) => {
    const place = (value / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    const part = place - low;
    return [0, 1, 2].map((channel) => Math.round(numbers[low][channel] * (1 - part) + numbers[low + 1][channel] * part)).concat(255);
  });
}
