// The stepper: a clip frame by frame, everything on one time axis under one cursor. It runs in the browser alone: moving the
// cursor asks nothing of the server and redraws only the cursor and the text.

const PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f"];
const DASHES = [[], [7, 3], [2, 2], [8, 2, 2, 2], [4, 4], [1, 3], [10, 4]];
const SECONDS_OF_PLAYING = { "slow": 16, "normal": 7, "as spoken": 0 };

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".stepper");
  if (root.stop) root.stop(); // the same place, another clip
  root.replaceChildren();
  let frame = numberOfAddress("frame", data.frames - 1) ?? data.frames - 1;

  // --- above the rows: buttons, and the answer at the cursor
  const controls = make("div", "controls sticky", root);
  const play = make("button", "main", controls);
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
  make("p", "hint", root, "Click a strip, or Tab to it and use the arrow keys: the number of that unit at the cursor.");
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
    plots.push({ canvas, draw, plot });
    return { name, plot, canvas };
  };
  const chosen = {}; // a row of the strips of each kind
  const readouts = [];
  const scales = []; // what shows the colours of a ramp, with its name
  const leaders = leadersOf(data);
  const drawn = curvesOf(data, leaders);
  row("Waveform", "", 64, waveform);
  for (const strip of data.strips) {
    const values = unpacked(strip);
    const made = row(strip.title, strip.note, strip.height, heatmap(strip, values));
    scale(made.name, strip);
    if (strip.of) numbersOf(strip, values, made);
  }
  const keyNumbers = [];
  const band = row("Leading answer", "if the clip ended here", 22, leading);
  band.canvas.ariaLabel = `Leading answer: ${leaders.map(({ label, from }) => `${label} from ${endOf(from).toFixed(2)} s`).join(", ")}`;
  row("Answer so far", "probability, if the clip ended here", 130, shares, shareKey());
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

  function heatmap(strip, values) {
    const [low, high] = strip.ends;
    const valueOf = (place) => Math.round(255 * Math.max(0, Math.min(1, (values[place] - low) / (high - low || 1))));
    let picture, colours;
    return (context, width, height) => {
      if (colours !== rampOf(root, strip.ramp)) {
        colours = rampOf(root, strip.ramp);
        picture = pictured(strip.columns, strip.rows, colours, valueOf);
      }
      context.imageSmoothingEnabled = false;
      const from = x(data.offset, width);
      const until = Math.min(width, from + x(strip.columns * strip.column_seconds, width));
      context.fillStyle = colour("--quiet");
      context.fillRect(0, 0, width, height);
      context.drawImage(picture, from, 0, until - from, height);
    };
  }

  // The colours of a strip and the numbers at their ends.
  function scale(name, strip) {
    const made = make("span", "scale", name);
    const [low, high] = strip.ends.map((end) => String(Number(end.toPrecision(2))).replace("-", "−"));
    make("b", "", made, low);
    scales.push([make("i", "", made), strip.ramp]);
    make("b", "", made, high);
  }

  // A row that is clicked, or chosen with the arrow keys, says its number at the cursor.
  function numbersOf(strip, values, { name, plot, canvas }) {
    const said = make("small", "number", name);
    const mark = make("div", "mark", plot);
    canvas.tabIndex = 0;
    canvas.role = "slider";
    canvas.ariaValueMin = 1;
    canvas.ariaValueMax = strip.rows;
    const choose = (line) => {
      chosen[strip.of] = strip.order[Math.max(0, Math.min(strip.rows - 1, line))];
      move();
    };
    const lineOf = (row) => strip.order.indexOf(row);
    canvas.addEventListener("pointerdown", (event) => {
      const box = canvas.getBoundingClientRect();
      choose(Math.floor((1 - (event.clientY - box.top) / box.height) * strip.rows));
    });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      choose(chosen[strip.of] === undefined ? 0 : lineOf(chosen[strip.of]) + step);
    });
    readouts.push(() => {
      const row = chosen[strip.of];
      mark.hidden = row === undefined;
      canvas.ariaLabel = `${strip.title}: ${strip.note}. The arrow keys up and down choose a ${strip.of}.`;
      if (row === undefined) return;
      const line = lineOf(row);
      const column = Math.min(strip.columns - 1, Math.floor(((frame + 0.5) * data.frame_seconds) / strip.column_seconds));
      const value = values[column * strip.rows + line].toFixed(2).replace("-", "−");
      said.textContent = `${strip.of} ${row + 1}: ${value}`;
      canvas.ariaValueNow = row + 1;
      canvas.ariaValueText = said.textContent;
      mark.style.top = `${((strip.rows - 1 - line) / strip.rows) * strip.height}px`;
      mark.style.height = `${Math.max(2, strip.height / strip.rows)}px`;
    });
  }

  function styleOf(number) {
    return drawn.indexOf(number) % PALETTE.length;
  }

  function shareKey() {
    const key = document.createElement("div");
    key.className = "key";
    for (const number of drawn) {
      const one = make("span", "", key);
      one.innerHTML = `<svg viewBox="0 0 28 10"><line x1="0" y1="5" x2="28" y2="5" stroke="${PALETTE[styleOf(number)]}" stroke-width="3" stroke-dasharray="${DASHES[styleOf(number)].join(" ")}"/></svg>`;
      one.append(data.labels[number]);
      keyNumbers.push([number, make("b", "", one)]);
    }
    return key;
  }

  // Who leads when, as a band with the names where they fit.
  function leading(context, width, height) {
    context.font = `12px ${getComputedStyle(root).fontFamily}`;
    context.textBaseline = "middle";
    leaders.forEach(({ label, number, from, until }) => {
      const left = x(middle(from - 0.5), width);
      const wide = x(middle(until - 0.5), width) - left;
      context.fillStyle = PALETTE[styleOf(number)];
      context.fillRect(left, height - 4, Math.max(1, wide - 1), 4);
      context.fillStyle = colour("--text");
      if (context.measureText(label).width < wide - 4) context.fillText(label, left + 2, height / 2 - 2);
    });
  }

  function shares(context, width, height) {
    const y = (share) => 6 + (1 - share) * (height - 12);
    context.font = `11px ${getComputedStyle(root).fontFamily}`;
    context.textBaseline = "bottom";
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      context.strokeStyle = colour("--line");
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(0, y(share));
      context.lineTo(width, y(share));
      context.stroke();
      context.fillStyle = colour("--text");
      if (share * 2 === Math.round(share * 2)) context.fillText(`${100 * share} %`, 2, share === 1 ? y(share) + 13 : y(share));
    }
    for (const number of drawn) {
      context.strokeStyle = PALETTE[styleOf(number)];
      context.setLineDash(DASHES[styleOf(number)]);
      context.lineWidth = 2.2;
      context.beginPath();
      data.prefix_probabilities.forEach((one, at) => context.lineTo(x(middle(at), width), y(one[number])));
      context.stroke();
    }
    context.setLineDash([]);
  }

  function endOf(at) {
    return (at + 1) * data.frame_seconds + data.offset;
  }

  function middle(at) {
    return (at + 0.5) * data.frame_seconds + data.offset;
  }

  function drawAll() {
    for (const { canvas, draw } of plots) {
      const fresh = emptied(canvas);
      if (fresh) draw(fresh.context, fresh.width, fresh.height);
    }
    for (const [line, name] of scales) line.style.background = `linear-gradient(90deg, ${rampOf(root, name).join(",")})`;
    move();
  }

  // --- the cursor
  function move() {
    const plot = plots[0].plot.getBoundingClientRect();
    const left = plot.left - rows.getBoundingClientRect().left;
    cursor.style.transform = `translateX(${left + x(middle(frame), plot.width)}px)`;
    cursor.style.bottom = `${foot.offsetHeight + 5}px`;
    slider.value = frame;
    const end = endOf(frame);
    slider.ariaValueText = `${end.toFixed(2)} seconds`;
    where.textContent = `${end.toFixed(2)} s · frame ${frame + 1} of ${data.frames}`;
    const ranked = data.labels
      .map((label, number) => [label, data.prefix_probabilities[frame][number]])
      .sort((one, other) => other[1] - one[1]);
    const guess = ranked[0][1] < 0.5; // the others together are likelier
    best.textContent = ranked[0][0];
    best.classList.toggle("guess", guess);
    sure.textContent = `${(100 * ranked[0][1]).toFixed(0)} % confidence${guess ? ", so a guess" : ""}`;
    for (const [number, place] of keyNumbers) place.textContent = `${(100 * data.prefix_probabilities[frame][number]).toFixed(0)} %`;
    for (const readout of readouts) readout();
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
    tellAddress({ frame });
    move();
  }

  const { pause } = playing(play, {
    position: () => frame,
    last: () => data.frames - 1,
    each: () => (1000 * (SECONDS_OF_PLAYING[speed.value] || data.seconds)) / data.frames,
    go,
  });
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

  rows.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.target === slider) return;
    event.preventDefault();
    pause();
    go(frame + step);
  };

  const leave = drawAgain(root, rows, drawAll);
  root.stop = () => {
    pause();
    clearTimeout(telling); // or it would write into the address of the next page
    leave();
  };
  drawAll();
  return root.stop;
}

// The numbers of a strip, (columns, rows).
function unpacked(strip) {
  const packed = new Uint16Array(bytesOf(strip.values).buffer);
  return Float64Array.from(packed, (one) => strip.low + (one / 65535) * (strip.high - strip.low));
}

// Who leads from which frame until which: every change of the answer.
function leadersOf(data) {
  const leaders = [];
  data.prefix_probabilities.forEach((row, at) => {
    const number = row.indexOf(Math.max(...row));
    if (leaders.at(-1)?.number !== number) leaders.push({ number, label: data.labels[number], from: at });
    leaders.at(-1).until = at + 1;
  });
  return leaders;
}

// The labels that are drawn: all that ever lead, and then the likeliest, up to five; the others would lie on the ground.
function curvesOf(data, leaders) {
  const most = data.labels.map((_, number) => Math.max(...data.prefix_probabilities.map((one) => one[number])));
  const likeliest = data.labels.map((_, number) => number).sort((one, other) => most[other] - most[one]);
  const led = likeliest.filter((number) => leaders.some((one) => one.number === number));
  return [...led, ...likeliest.filter((number) => !led.includes(number)).slice(0, Math.max(0, 5 - led.length))];
}
